//! What a plugin exports: found once a plugin, looked up once an instance.

mod codec;
mod driver;

use wasmtime::{
    Engine, Store,
    component::{
        ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Lower, TypedFunc,
    },
};

use crate::instance::{fault::Fault, state::State};

/// A plugin linked and ready to be instantiated.
pub(crate) struct LinkedPlugin {
    pre: InstancePre<State>,
    codec: Option<codec::ExportIndices>,
    driver: Option<driver::ExportIndices>,
}

impl LinkedPlugin {
    /// Finds the exports; `None` if there are none of ours.
    pub(crate) fn new(pre: InstancePre<State>) -> Option<Self> {
        let (codec, driver) = (codec::ExportIndices::of(&pre), driver::ExportIndices::of(&pre));
        (codec.is_some() || driver.is_some()).then_some(Self { pre, codec, driver })
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.pre.engine()
    }

    pub(crate) async fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Exports> {
        let instance = self.pre.instantiate_async(store).await?;
        Ok(Exports {
            instance,
            codec: codec::ExportFuncs::default(),
            driver: driver::ExportFuncs::default(),
        })
    }

    pub(super) fn codec(&self) -> Result<&codec::ExportIndices, Fault> {
        self.codec.as_ref().ok_or(Fault::Protocol("exports no codec"))
    }

    pub(super) fn driver(&self) -> Result<&driver::ExportIndices, Fault> {
        self.driver.as_ref().ok_or(Fault::Protocol("exports no driver"))
    }
}

/// The exports of one instance, those looked up that were called.
pub(crate) struct Exports {
    instance: Instance,
    codec: codec::ExportFuncs,
    driver: driver::ExportFuncs,
}

/// The functions of an interface, in the order of their names here.
pub(super) fn functions<const N: usize>(
    pre: &InstancePre<State>,
    interface: &str,
    names: [&str; N],
) -> Option<[ComponentExportIndex; N]> {
    let component = pre.component();
    let interface = component.get_export_index(None, interface)?;
    let found = names.map(|name| component.get_export_index(Some(&interface), name));
    let found: Vec<_> = found.into_iter().collect::<Option<_>>()?;
    found.try_into().ok()
}

/// A function of an instance that is called more than once.
pub(super) fn known<P, R>(
    cached: &mut Option<TypedFunc<P, R>>,
    instance: &Instance,
    store: &mut Store<State>,
    index: &ComponentExportIndex,
) -> wasmtime::Result<TypedFunc<P, R>>
where
    P: ComponentNamedList + Lower + 'static,
    R: ComponentNamedList + Lift + 'static,
{
    match *cached {
        Some(found) => Ok(found),
        None => Ok(*cached.insert(instance.get_typed_func::<P, R>(store, index)?)),
    }
}
