//! Look-up of exported functions.

use wasmtime::{
    Store,
    component::{
        ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Lower, TypedFunc,
    },
};

use crate::{contract, instance::state::InstanceState};

/// Returns the positions of the functions of an interface of the contract, in the order of `names`.
/// `None` if the component does not export the interface, or not all of its functions.
pub(super) fn find_functions<const N: usize>(
    pre: &InstancePre<InstanceState>,
    interface: &str,
    names: [&str; N],
) -> Option<[ComponentExportIndex; N]> {
    let component = pre.component();
    // A plugin of an older version of the line is found by the newest name too.
    let interface = format!("{}{interface}@{}", contract::PACKAGE, contract::VERSION);
    let interface = component.get_export_index(None, &*interface)?;
    let indices = names.map(|name| component.get_export_index(Some(&interface), name));
    let indices: Vec<_> = indices.into_iter().collect::<Option<_>>()?;
    indices.try_into().ok()
}

/// Returns a function of an instance. Checking its type takes longer than a short call, so a warm
/// instance does it once.
///
/// # Errors
/// An error of `wasmtime` if the function has another type.
pub(super) fn get_function<P, R>(
    cached: &mut Option<TypedFunc<P, R>>,
    instance: &Instance,
    store: &mut Store<InstanceState>,
    index: &ComponentExportIndex,
) -> wasmtime::Result<TypedFunc<P, R>>
where
    P: ComponentNamedList + Lower + 'static,
    R: ComponentNamedList + Lift + 'static,
{
    match *cached {
        Some(function) => Ok(function),
        None => Ok(*cached.insert(instance.get_typed_func::<P, R>(store, index)?)),
    }
}
