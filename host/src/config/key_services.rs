//! Key services that rings name by a URI.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use cloakroom_core::{Error, ErrorKind, KeyService};

use super::key_access::KeyAccessEntry;

/// Key services of the program, by name.
pub(crate) type NativeKeyServices = BTreeMap<String, Arc<dyn KeyService>>;

/// Key services of a configuration.
pub(crate) struct KeyServices<'a> {
    pub(crate) native: &'a NativeKeyServices,
    /// Tables of the file, by scheme.
    pub(crate) access: &'a BTreeMap<String, KeyAccessEntry>,
    pub(crate) folder: &'a Path,
}

impl KeyServices<'_> {
    /// Returns the service's key that a URI names. Nothing is sent.
    ///
    /// # Errors
    /// `Config` if the program has no such service, this build knows no services of this kind, or a
    /// setting of it is wrong.
    pub(crate) fn connect(&self, uri: &str) -> Result<Arc<dyn KeyService>, Error> {
        match uri.strip_prefix("native:") {
            Some(name) => {
                self.native.get(name).cloned().ok_or_else(|| {
                    config(format!("no key service `{name}` was given in the program"))
                })
            }
            None => self.client(uri),
        }
    }

    #[cfg(feature = "kms")]
    fn client(&self, uri: &str) -> Result<Arc<dyn KeyService>, Error> {
        let scheme = uri.split_once("://").map_or("", |(scheme, _)| scheme);
        let mut access = cloakroom_kms::KeyAccess::default();
        let default = KeyAccessEntry::default();
        let entry = self.access.get(scheme).unwrap_or(&default);
        for (name, value) in entry.values(scheme, self.folder)? {
            access = access.with(name, &value);
        }
        if entry.environment {
            access = access.with_environment();
        }
        if let Some(timeout) = &entry.timeout {
            access = access.with_timeout(timeout.0);
        }
        cloakroom_kms::connect(uri, &access)
    }

    #[cfg(not(feature = "kms"))]
    fn client(&self, uri: &str) -> Result<Arc<dyn KeyService>, Error> {
        let uri = cloakroom_core::clean(uri, 200);
        let _ = (self.access, self.folder);
        Err(config(format!(
            "this build has no client for `{uri}`: build it with a feature such as `vault`"
        )))
    }
}

fn config(text: String) -> Error {
    Error::new(ErrorKind::Config, text)
}
