//! `about`, the optional exported interface.

use wasmtime::{
    Store,
    component::{ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift},
};

use super::lookup::find_functions;
use crate::{
    about::About,
    contract::v0_1::{bindings::exports::cloakroom::plugin::about, convert},
    instance::state::InstanceState,
};

/// Positions of the functions of a plugin that describes itself.
pub(super) struct AboutIndices {
    describe: ComponentExportIndex,
    settings: ComponentExportIndex,
    metadata_names: ComponentExportIndex,
}

impl AboutIndices {
    pub(super) fn find(pre: &InstancePre<InstanceState>) -> Option<Self> {
        let names = ["describe", "settings", "metadata-names"];
        let [describe, settings, metadata_names] = find_functions(pre, "about", names)?;
        Some(Self { describe, settings, metadata_names })
    }

    /// Asks a plugin about itself. Its answers are as they came: neither bounded nor cleaned.
    pub(super) async fn ask(
        &self,
        store: &mut Store<InstanceState>,
        instance: &Instance,
    ) -> wasmtime::Result<About> {
        // A list of a guest may name the same bytes a million times, and each copy would be the host's.
        store.set_hostcall_fuel(crate::about::BYTES);
        let (facts,): (about::Facts,) = call(store, instance, &self.describe).await?;
        let (settings,): (Vec<about::Setting>,) = call(store, instance, &self.settings).await?;
        let (names,): (Vec<String>,) = call(store, instance, &self.metadata_names).await?;
        Ok(convert::about(facts, settings, names))
    }
}

async fn call<R>(
    store: &mut Store<InstanceState>,
    instance: &Instance,
    index: &ComponentExportIndex,
) -> wasmtime::Result<R>
where
    R: ComponentNamedList + Lift + 'static,
{
    instance.get_typed_func::<(), R>(&mut *store, index)?.call_async(store, ()).await
}
