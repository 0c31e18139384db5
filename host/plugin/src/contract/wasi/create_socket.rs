//! `wasi:sockets/tcp-create-socket`, and the refusal of UDP.

use cloakroom_core::ProcessCharge;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::{
    WasiView as _,
    p2::{
        UdpSocket,
        bindings::sockets::network::{ErrorCode, IpAddressFamily},
    },
};

use super::{bindings::wasi::sockets::tcp_create_socket::Host, version::VERSION};
use crate::instance::{
    fault::Fault,
    sockets::socket::{ClientSocket, SOCKET_BYTES},
    state::InstanceState,
};

/// Most sockets that one instance may have open at once.
const SOCKETS: usize = 16;

impl Host for InstanceState {
    fn create_tcp_socket(
        &mut self,
        family: IpAddressFamily,
    ) -> wasmtime::Result<Result<Resource<ClientSocket>, ErrorCode>> {
        let mut memory = ProcessCharge::new(self.config.memory.clone());
        let table = self.ctx().table;
        let open = table.iter_mut().filter(|entry| entry.is::<ClientSocket>()).count();
        if open >= SOCKETS {
            return Ok(Err(ErrorCode::NewSocketLimit));
        }
        // To the process and to no call: a warm instance may keep its connection.
        if let Err(busy) = memory.grow(SOCKET_BYTES) {
            return Fault::Refused(Some(busy)).trap();
        }
        Ok(Ok(table.push(ClientSocket::new(family, memory))?))
    }
}

/// Denies UDP, which no grant covers: neither as a socket nor to ask a name server.
pub(super) fn refuse_udp(linker: &mut Linker<InstanceState>) -> wasmtime::Result<()> {
    type Created = (Result<Resource<UdpSocket>, ErrorCode>,);
    let mut udp = linker.instance(&format!("wasi:sockets/udp-create-socket@{VERSION}"))?;
    udp.func_wrap("create-udp-socket", |_, _: (IpAddressFamily,)| -> wasmtime::Result<Created> {
        Ok((Err(ErrorCode::AccessDenied),))
    })
}
