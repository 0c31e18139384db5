//! Instances of one codec or driver: fresh for each call, or kept warm.

use std::sync::{Arc, Mutex, PoisonError};

use cloakroom_core::Error;

use crate::{
    Reuse, Settings,
    instance::{Instance, config::InstanceConfig, state::Call},
    loaded::PluginInner,
};

pub(crate) struct Pool {
    scope: Arc<InstanceConfig>,
    warm: Option<Mutex<Vec<Instance>>>,
}

impl Pool {
    pub(crate) fn new(scope: Arc<InstanceConfig>, reuse: Reuse) -> Self {
        Self { scope, warm: (reuse == Reuse::Warm).then(Mutex::default) }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.scope.settings
    }

    /// An instance in this call.
    pub(crate) async fn take(&self, plugin: &PluginInner, call: Call) -> Result<Instance, Error> {
        match self.waiting() {
            Some(mut live) => {
                live.begin(call).await;
                Ok(live)
            }
            None => Instance::start(plugin, self.scope.clone(), call).await,
        }
    }

    fn waiting(&self) -> Option<Instance> {
        let mut waiting = self.warm.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let mut live = waiting.pop()?;
        live.idle = None;
        Some(live)
    }

    /// Keeps an instance for a later call, if there is room and it is worth it.
    pub(crate) fn keep(&self, plugin: &PluginInner, mut live: Instance) {
        let Some(warm) = self.warm.as_ref().filter(|_| live.is_fit()) else {
            return;
        };
        if let Some(place) = plugin.host.0.idle.place(live.charged()) {
            live.idle = Some(place);
            warm.lock().unwrap_or_else(PoisonError::into_inner).push(live);
        }
    }
}
