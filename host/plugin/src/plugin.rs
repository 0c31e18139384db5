//! A loaded plugin, and the codecs made of it.

use std::{fmt, sync::Arc, time::Instant};

use cloakroom_core::{Context, Description, Error, ErrorKind};

use crate::{
    Grants, Host, Inspection, PluginCodec, Settings, contract::v0_1::Prepared, live::Live,
    loaded::Loaded, scope::Scope, state::Call,
};

/// A component compiled, linked and granted. Cheap to clone.
#[derive(Clone)]
pub struct Plugin(pub(crate) Arc<Loaded>);

/// How instances of a codec live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reuse {
    /// A fresh instance for each call: nothing outlives the call, neither a secret nor a poison.
    #[default]
    Fresh,
    /// Instances are kept and used again, for codecs that are trusted with what they saw before.
    /// Saves what a fresh instance costs, some ten microseconds a call.
    Warm,
}

/// More than a codec needs to name, and little enough to look through for every payload.
const ENCODINGS: usize = 32;

/// Longer names of encodings are no names.
const ENCODING_LENGTH: usize = 128;

impl Plugin {
    pub(crate) fn new(
        host: Host,
        name: Arc<str>,
        prepared: Prepared,
        inspection: Inspection,
        grants: Grants,
    ) -> Self {
        Self(Arc::new(Loaded { host, prepared, name, inspection, grants }))
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What was read of it before it was compiled.
    pub fn inspection(&self) -> &Inspection {
        &self.0.inspection
    }

    /// A codec with these settings. The plugin reads them now, and refuses those that cannot work.
    ///
    /// # Errors
    /// `Config` if it refuses its settings, and whatever else a call can end with.
    pub async fn codec(&self, settings: Settings, reuse: Reuse) -> Result<PluginCodec, Error> {
        let scope = |grants: &Grants| {
            Arc::new(Scope {
                plugin: self.0.name.clone(),
                settings: settings.clone(),
                grants: grants.clone(),
                limits: self.0.host.0.limits.clone(),
            })
        };
        let description = self.describe(scope(&Grants::none())).await;
        let description = description.map_err(|error| error.in_plugin(&self.0.name))?;
        Ok(PluginCodec::new(self.clone(), scope(&self.0.grants), description, reuse))
    }

    async fn describe(&self, scope: Arc<Scope>) -> Result<Description, Error> {
        let _permit = self.0.host.0.admit().await?;
        let deadline = Instant::now() + self.0.host.0.limits.time;
        let call = Call { ctx: Context::none(), deadline, confidential: false };
        let mut live = Live::start(&self.0, scope, call).await?;
        let description = live.describe(&self.0).await?;
        check(description)
    }
}

fn check(description: Description) -> Result<Description, Error> {
    let protocol = |text: &str| Err(Error::new(ErrorKind::Protocol, text));
    let fits = |name: &String| {
        !name.is_empty()
            && name.len() <= ENCODING_LENGTH
            && name.bytes().all(|b| b.is_ascii_graphic())
    };
    match &*description.encodings {
        [] => protocol("describes itself without an encoding, so nothing it wrote could be read"),
        names if ENCODINGS < names.len() => protocol("names more than 32 encodings"),
        names if !names.iter().all(fits) => {
            protocol("names an encoding that is not 1 to 128 visible ASCII characters")
        }
        _ => Ok(description),
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("name", &self.0.name)
            .field("digest", &self.0.inspection.digest)
            .finish_non_exhaustive()
    }
}
