//! A loaded plugin, and the codecs and drivers made of it.

use std::{fmt, future::Future, sync::Arc};

use cloakroom_core::{Context, Description, Error, ErrorKind};

use crate::{
    Grants, Host, Inspection, PluginCodec, PluginDriver, Settings, World,
    compute::{Job, Pace, Part},
    contract::v0_1::LinkedPlugin,
    instance::{Instance, config::InstanceConfig, state::Call},
    loaded::PluginInner,
};

/// A component compiled, linked and granted. Cheap to clone.
#[derive(Clone)]
pub struct Plugin(pub(crate) Arc<PluginInner>);

/// How instances of a codec or a driver live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reuse {
    /// A fresh instance for each call: nothing outlives the call, neither a secret nor a poison.
    #[default]
    Fresh,
    /// Instances are kept and used again, for plugins that are trusted with what they saw before.
    /// Saves what a fresh instance costs, some ten microseconds a call.
    Warm,
}

/// More than a codec needs to name, and little enough to look through for every payload.
const ENCODINGS: usize = 32;

/// Longer names are no names.
const NAME_LENGTH: usize = 128;

impl Plugin {
    pub(crate) fn new(
        host: Host,
        name: Arc<str>,
        prepared: Arc<LinkedPlugin>,
        inspection: Inspection,
        grants: Grants,
    ) -> Self {
        Self(Arc::new(PluginInner { host, prepared, name, inspection, grants }))
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
    /// `Config` if it refuses its settings or is no codec, and whatever else a call can end with.
    pub async fn codec(&self, settings: Settings, reuse: Reuse) -> Result<PluginCodec, Error> {
        let described = async {
            if self.0.inspection.world == Some(World::Storage) {
                return Err(unfit(
                    "is a storage driver, not a codec: it goes into [[storage.driver]]",
                ));
            }
            // No keys are at hand while it says what it is.
            let scope = self.scope(&settings, &Grants::none());
            let described = self
                .ask(scope, |mut live, loaded| async move { live.describe_codec(&loaded).await });
            check(described.await?)
        };
        let description = described.await.map_err(|error| error.in_plugin(&self.0.name))?;
        let scope = self.scope(&settings, &self.0.grants);
        Ok(PluginCodec::new(self.clone(), scope, description, reuse))
    }

    /// A driver with these settings.
    ///
    /// # Errors
    /// As [`Plugin::codec`].
    pub async fn driver(&self, settings: Settings, reuse: Reuse) -> Result<PluginDriver, Error> {
        let scope = self.scope(&settings, &self.0.grants);
        let described = async {
            if self.0.inspection.world != Some(World::Storage) {
                return Err(unfit("is a codec, not a storage driver: it goes into [[stage]]"));
            }
            let described = self.ask(scope.clone(), |mut live, loaded| async move {
                live.describe_driver(&loaded).await
            });
            let kind = described.await?;
            match is_name(&kind) {
                true => Ok(kind),
                false => Err(Error::new(
                    ErrorKind::Protocol,
                    "names its kind with something else than 1 to 128 visible ASCII characters",
                )),
            }
        };
        let kind = described.await.map_err(|error| error.in_plugin(&self.0.name))?;
        Ok(PluginDriver::new(self.clone(), scope, kind, reuse))
    }

    fn scope(&self, settings: &Settings, grants: &Grants) -> Arc<InstanceConfig> {
        Arc::new(InstanceConfig {
            plugin: self.0.name.clone(),
            settings: settings.clone(),
            grants: grants.clone(),
            limits: self.0.host.0.limits.clone(),
            memory: self.0.host.0.memory.clone(),
        })
    }

    /// Asks a fresh instance what it is.
    async fn ask<T, F>(
        &self,
        scope: Arc<InstanceConfig>,
        question: impl FnOnce(Instance, Arc<PluginInner>) -> F + Send + 'static,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let (host, loaded) = (&self.0.host.0, self.0.clone());
        let (ctx, time, pace) = (Context::none(), host.limits.time, Pace::default());
        let job = Job { part: Part::Stage, ctx: &ctx, bytes: 1, time, pace: &pace };
        let guest = |clock| async move {
            let live = Instance::start(&loaded, scope, Call::describing(clock)).await?;
            question(live, loaded).await
        };
        host.compute.run(job, guest).await
    }
}

fn unfit(text: &str) -> Error {
    Error::new(ErrorKind::Config, text)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_LENGTH && name.bytes().all(|b| b.is_ascii_graphic())
}

fn check(description: Description) -> Result<Description, Error> {
    let protocol = |text: &str| Err(Error::new(ErrorKind::Protocol, text));
    match &*description.encodings {
        [] => protocol("describes itself without an encoding, so nothing it wrote could be read"),
        names if ENCODINGS < names.len() => protocol("names more than 32 encodings"),
        names if !names.iter().all(|name| is_name(name)) => {
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
