//! Parts of WASI that are ours and not `wasmtime-wasi`'s: client sockets to granted servers, and bounds on
//! lists to wait for.

mod bindings;
mod create_socket;
mod lookup;
mod not_granted;
mod poll;
mod tcp;
mod version;

use wasmtime::component::{HasSelf, Linker};

use self::bindings::wasi::sockets;
use crate::instance::state::InstanceState;

/// Replaces definitions of a linker by ours.
///
/// `wasmtime-wasi` opens sockets to any address that a check lets pass. Ours know the grants, so that the
/// host can resolve names and encrypt; they connect, and can do nothing else.
pub(crate) fn replace_sockets(linker: &mut Linker<InstanceState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    sockets::tcp::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?;
    sockets::tcp_create_socket::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?;
    sockets::ip_name_lookup::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?;
    create_socket::refuse_udp(linker)?;
    poll::add_bound(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}
