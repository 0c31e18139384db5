//! Bound on the lists that a guest waits for.

use wasmtime::{
    StoreContextMut,
    component::{Linker, Resource},
};
use wasmtime_wasi::{
    WasiView as _,
    p2::{DynPollable, bindings::io::poll::Host as _},
};

use super::version::VERSION;
use crate::instance::{fault::Fault, state::InstanceState};

/// Replaces `poll`, which has no bound.
pub(super) fn add_bound(linker: &mut Linker<InstanceState>) -> wasmtime::Result<()> {
    let mut poll = linker.instance(&format!("wasi:io/poll@{VERSION}"))?;
    poll.func_wrap_async("poll", |store, (list,)| Box::new(poll_list(store, list)))
}

/// Waits for any of a list. Without a bound a guest could have the host poll one handle a million times.
async fn poll_list(
    mut store: StoreContextMut<'_, InstanceState>,
    list: Vec<Resource<DynPollable>>,
) -> wasmtime::Result<(Vec<u32>,)> {
    let state = store.data_mut();
    if list.len() > state.config.limits.handles.get() {
        return Fault::Limit(cloakroom_core::Limit::Handles).trap();
    }
    Ok((state.ctx().table.poll(list).await?,))
}
