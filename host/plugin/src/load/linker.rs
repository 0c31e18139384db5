//! Linkers: host functions for the imports of a component.

use wasmtime::{
    Engine,
    component::{Component, HasSelf, InstancePre, Linker},
};

use super::inspection::Inspection;
use crate::{contract::v0_1::bindings::HostSide, instance::state::InstanceState};

/// Resolves the imports of a component.
///
/// # Errors
/// An error of `wasmtime` if an import has another type than in the contract.
pub(super) fn link(
    engine: &Engine,
    component: &Component,
    inspection: &Inspection,
) -> wasmtime::Result<InstancePre<InstanceState>> {
    let mut linker = Linker::new(engine);
    HostSide::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
    // Only for plugins that import any of it: others must not pay for its definitions.
    #[cfg(feature = "wasi")]
    if inspection.uses_wasi() {
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        crate::contract::wasi::replace_sockets(&mut linker)?;
    }
    #[cfg(feature = "http")]
    if inspection.uses_http() {
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    }
    #[cfg(not(feature = "wasi"))]
    let _ = inspection;
    // Checks the types of all imports once, so that instantiation need not.
    linker.instantiate_pre(component)
}
