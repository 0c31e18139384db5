//! A loaded plugin, of which codecs and drivers are made.

use std::{fmt, future::Future, sync::Arc};

use cloakroom_core::{Context, Error, ErrorKind};
use tokio::sync::OnceCell;

use crate::{
    about::About,
    compute::{Job, inline_limit::InlineLimit, permit::CallPermit, plugin_role::PluginRole},
    contract::v0_1::exports::linked_plugin::LinkedPlugin,
    grants::Grants,
    instance::{call::Call, config::InstanceConfig, key_messages::KeyMessages},
    limits::own::{OwnLimits, PluginLimits},
    load::{inspection::Inspection, world::World},
    pool::{InstancePool, Reuse, TakenInstance},
    runtime::Runtime,
    settings::Settings,
};

/// A plugin: a component compiled, linked and granted. Cheap to clone.
///
/// [`Plugin::codec`] and [`Plugin::driver`] make of it what a pipeline takes.
#[derive(Clone)]
pub struct Plugin(Arc<PluginInner>);

#[derive(Clone)]
struct PluginInner {
    runtime: Arc<Runtime>,
    name: Arc<str>,
    /// Shared with all plugins of the same file.
    linked: Arc<LinkedPlugin>,
    inspection: Inspection,
    grants: Grants,
    limits: Arc<PluginLimits>,
    about: OnceCell<Option<About>>,
}

impl Plugin {
    pub(crate) fn new(
        runtime: Arc<Runtime>,
        name: Arc<str>,
        linked: Arc<LinkedPlugin>,
        inspection: Inspection,
        grants: Grants,
    ) -> Self {
        let (limits, about) = (runtime.plugin_limits.clone(), OnceCell::new());
        Self(Arc::new(PluginInner { runtime, name, linked, inspection, grants, limits, about }))
    }

    /// Returns the name that errors and logs give it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns its imports and exports, as read before it was compiled.
    #[must_use]
    pub fn inspection(&self) -> &Inspection {
        &self.0.inspection
    }

    /// Returns what the plugin says of itself, or `None` if it says nothing. It is asked once, in an
    /// instance without settings and grants.
    ///
    /// # Errors
    /// `Protocol` if its answers contradict themselves. Otherwise the error of any other call: a trap, a
    /// limit.
    pub async fn about(&self) -> Result<Option<&About>, Error> {
        let about = self.0.about.get_or_try_init(|| async {
            if !self.0.linked.has_about() {
                return Ok(None);
            }
            let pool = self.pool(&Settings::none(), &Grants::none(), Reuse::Fresh);
            self.describe(pool, |instance| instance.about()).await.map(Some)
        });
        Ok(about.await.map_err(|error| self.explain(error))?.as_ref())
    }

    /// Checks settings against those that the plugin says it knows, if it does.
    ///
    /// # Errors
    /// `Config` with the first wrong setting, and the errors of [`Plugin::about`].
    pub(crate) async fn check_settings(&self, settings: &Settings) -> Result<(), Error> {
        let checked = self.about().await?.map(|about| about.check_settings(settings));
        checked.transpose().map(drop).map_err(|error| self.explain(error.into()))
    }

    /// Returns an error of this plugin with its name, and with the names of the settings to change.
    pub(crate) fn explain(&self, error: Error) -> Error {
        error.in_plugin(self.name()).name_remedies(self.runtime().remedy_name)
    }

    /// Returns the plugin with limits of its own, in place of those of its host. Codecs and drivers that
    /// are made of it are held to them.
    ///
    /// # Errors
    /// `Config` if one is above the host's.
    pub fn with_limits(&self, own: OwnLimits) -> Result<Self, Error> {
        let is_driver = self.0.inspection.world.is_some_and(World::is_driver);
        let limits = PluginLimits::new(&self.0.runtime.limits, own, is_driver);
        let limits = Arc::new(limits.map_err(|error| self.explain(error))?);
        Ok(Self(Arc::new(PluginInner { limits, ..(*self.0).clone() })))
    }

    pub(crate) fn limits(&self) -> &Arc<PluginLimits> {
        &self.0.limits
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.0.runtime
    }

    pub(crate) fn grants(&self) -> &Grants {
        &self.0.grants
    }

    /// Returns a pool of instances with these settings and grants.
    pub(crate) fn pool(
        &self,
        settings: &Settings,
        grants: &Grants,
        reuse: Reuse,
    ) -> Arc<InstancePool> {
        let PluginInner { runtime, name, linked, limits, .. } = &*self.0;
        let config = InstanceConfig {
            plugin: name.clone(),
            settings: settings.clone(),
            grants: grants.clone(),
            limits: limits.clone(),
            memory: runtime.memory.clone(),
            key_messages: KeyMessages::default(),
        };
        Arc::new(InstancePool::new(linked.clone(), Arc::new(config), reuse, &runtime.warm))
    }

    /// Has a fresh instance of the pool answer a question about itself.
    pub(crate) async fn describe<T, F>(
        &self,
        pool: Arc<InstancePool>,
        question: impl FnOnce(TakenInstance) -> F + Send + 'static,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let runtime = self.runtime();
        let (ctx, inline_limit) = (Context::none(), InlineLimit::default());
        let job = Job {
            // Drivers too: the instances of drivers may all be waiting for stores, and describing uses no store.
            role: PluginRole::Stage,
            ctx: &ctx,
            bytes: 1,
            time: self.limits().time,
            limits: self.limits(),
            inline_limit: &inline_limit,
        };
        let guest = move |permit: CallPermit| async move {
            let call = Call::describing(permit.clock().clone());
            question(pool.take(permit, call).await?).await
        };
        runtime.compute.run(job, guest).await
    }
}

/// Returns the error of a plugin that is used as what it is not.
pub(crate) fn wrong_world(text: &str) -> Error {
    Error::new(ErrorKind::Config, text)
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("name", &self.0.name)
            .field("digest", &self.0.inspection.digest)
            .finish_non_exhaustive()
    }
}
