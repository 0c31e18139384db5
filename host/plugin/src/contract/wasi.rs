//! Bounds on WASI that its own implementation does not have: sockets, and lists to wait for.

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

use crate::instance::{fault::Fault, state::State};

/// Sockets that one instance may have open at once. Each may hold 64 KiB of what was not sent yet.
const SOCKETS: usize = 16;

/// The version of WASI that the linker's own definitions have.
const VERSION: &str = "0.2.12";

type Created = (Result<Resource<TcpSocket>, ErrorCode>,);

/// Replaces the definitions of a linker that have no bounds.
pub(crate) fn bound(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut sockets = linker.instance(&format!("wasi:sockets/tcp-create-socket@{VERSION}"))?;
    sockets.func_wrap("create-tcp-socket", |mut store, (family,)| create(&mut store, family))?;
    let mut poll = linker.instance(&format!("wasi:io/poll@{VERSION}"))?;
    poll.func_wrap_async("poll", |store, (list,)| Box::new(wait(store, list)))?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Opens a socket, unless as many are open as may be.
fn create(
    store: &mut StoreContextMut<'_, State>,
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

/// Waits for any of a list, which has no more members than a call may have handles.
async fn wait(
    mut store: StoreContextMut<'_, State>,
    list: Vec<Resource<DynPollable>>,
) -> wasmtime::Result<(Vec<u32>,)> {
    let state = store.data_mut();
    if list.len() > state.scope.limits.handles.get() {
        return Fault::Limit(cloakroom_core::Limit::Handles).trap();
    }
    Ok((state.ctx().table.poll(list).await?,))
}
