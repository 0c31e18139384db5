//! Bounds on WASI that `wasmtime-wasi` does not have: open sockets, and lists to wait for.

use wasmtime::{
    StoreContextMut,
    component::{Linker, Resource},
};
use wasmtime_wasi::{
    WasiView as _,
    p2::{
        DynPollable, TcpSocket,
        bindings::{
            io::poll::Host as _,
            sockets::{
                network::{ErrorCode, IpAddressFamily},
                tcp_create_socket::Host as _,
            },
        },
    },
    sockets::WasiSocketsView as _,
};

use crate::instance::{fault::Fault, state::InstanceState};

/// Most sockets that one instance may have open at once. Each may hold 64 KiB of unsent bytes.
const SOCKETS: usize = 16;

/// Version of WASI in the names of the linker's definitions.
const VERSION: &str = "0.2.12";

type Created = (Result<Resource<TcpSocket>, ErrorCode>,);

/// Replaces definitions of a linker that have no bounds.
pub(crate) fn add_bounds(linker: &mut Linker<InstanceState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut sockets = linker.instance(&format!("wasi:sockets/tcp-create-socket@{VERSION}"))?;
    sockets
        .func_wrap("create-tcp-socket", |mut store, (family,)| create_socket(&mut store, family))?;
    let mut poll = linker.instance(&format!("wasi:io/poll@{VERSION}"))?;
    poll.func_wrap_async("poll", |store, (list,)| Box::new(poll_list(store, list)))?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Opens a socket, unless the instance has as many as it may.
fn create_socket(
    store: &mut StoreContextMut<'_, InstanceState>,
    family: IpAddressFamily,
) -> wasmtime::Result<Created> {
    let mut sockets = store.data_mut().sockets();
    let open = sockets.table.iter_mut().filter(|entry| entry.is::<TcpSocket>()).count();
    if open >= SOCKETS {
        return Ok((Err(ErrorCode::NewSocketLimit),));
    }
    match sockets.create_tcp_socket(family) {
        Ok(socket) => Ok((Ok(socket),)),
        Err(error) => error.downcast().map(|code| (Err(code),)),
    }
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
