//! Check of the setting `ring` when a codec is made, and not at its first payload.

use cloakroom_core::{Error, ErrorKind, clean};

use crate::{Grants, Settings};

/// Setting that names a granted key ring, by the convention of all bundled plugins.
const RING: &str = "ring";

/// Longest name that an error shows.
const NAME: usize = 64;

impl Grants {
    /// Refuses a setting `ring` that names no granted key ring.
    ///
    /// A plugin cannot find this out itself: no keys are at hand while it reads its settings, so that
    /// describing a plugin never depends on a key service.
    ///
    /// # Errors
    /// `Config` if rings are granted, and none by this name.
    pub(crate) fn check_ring(&self, settings: &Settings) -> Result<(), Error> {
        let mut granted: Vec<_> = self.keys.names().chain(self.subkeys.names()).collect();
        let Some(ring) = settings.get(RING) else {
            return Ok(());
        };
        if granted.is_empty() || granted.iter().any(|name| *name == ring) {
            return Ok(());
        }
        granted.sort();
        granted.dedup();
        let granted: Vec<_> = granted.into_iter().map(|name| format!("`{name}`")).collect();
        let text = format!(
            "key ring `{}` was not granted to this plugin; granted: {}",
            clean(ring, NAME),
            granted.join(", ")
        );
        Err(Error::new(ErrorKind::Config, text))
    }
}
