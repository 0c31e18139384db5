//! `wasi:sockets/tcp`: connections to granted servers. Nothing listens.

use std::net::SocketAddr;

use wasmtime::component::Resource;
use wasmtime_wasi::{
    WasiView as _,
    p2::{
        DynInputStream, DynOutputStream, DynPollable, Network,
        bindings::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress},
        subscribe,
    },
};

use super::bindings::wasi::sockets::tcp::{Host, HostTcpSocket, ShutdownType};
use crate::instance::{
    sockets::{
        socket::{ClientSocket, NoStreams},
        traced_server::TracedServer,
    },
    state::InstanceState,
};

type Outcome<T> = wasmtime::Result<Result<T, ErrorCode>>;
type Input = Resource<DynInputStream>;
type Output = Resource<DynOutputStream>;
type Socket = Resource<ClientSocket>;

/// Buffers of a socket as the guest sees them. A size that it sets is a hint, and ours are fixed.
const BUFFER: u64 = 64 << 10;

impl Host for InstanceState {}

impl InstanceState {
    fn socket(&mut self, socket: &Socket) -> wasmtime::Result<&mut ClientSocket> {
        Ok(self.ctx().table.get_mut(socket)?)
    }
}

impl HostTcpSocket for InstanceState {
    fn start_bind(
        &mut self,
        socket: Socket,
        network: Resource<Network>,
        address: IpSocketAddress,
    ) -> Outcome<()> {
        self.ctx().table.get(&network)?;
        Ok(self.socket(&socket)?.start_bind(address.into()))
    }

    fn finish_bind(&mut self, socket: Socket) -> Outcome<()> {
        Ok(self.socket(&socket)?.finish_bind())
    }

    fn start_connect(
        &mut self,
        socket: Socket,
        network: Resource<Network>,
        address: IpSocketAddress,
    ) -> Outcome<()> {
        self.ctx().table.get(&network)?;
        let address = SocketAddr::from(address);
        if let Err(code) = self.socket(&socket)?.check_connect(address) {
            return Ok(Err(code));
        }
        let config = self.config.clone();
        let Some(server) = config.grants.tcp.at(address) else {
            self.host_call("wasi:sockets.connect", 0).ends("denied");
            return Ok(Err(self.refuse_server(&address.to_string())));
        };
        let time = self.call.clock.time_until_deadline();
        let traced = TracedServer::new(config.grants.trace.clone(), server);
        self.socket(&socket)?.start_connect(address, server, time, traced);
        Ok(Ok(()))
    }

    fn finish_connect(&mut self, socket: Socket) -> Outcome<(Input, Output)> {
        match self.socket(&socket)?.finish_connect() {
            Ok((input, output)) => {
                let table = self.ctx().table;
                let input = table.push_child(input, &socket)?;
                Ok(Ok((input, table.push_child(output, &socket)?)))
            }
            Err(NoStreams::State(code)) => Ok(Err(code)),
            Err(NoStreams::Failed(code, error)) => {
                self.record(error);
                Ok(Err(code))
            }
        }
    }

    fn start_listen(&mut self, _: Socket) -> Outcome<()> {
        Ok(Err(ErrorCode::AccessDenied))
    }

    fn finish_listen(&mut self, _: Socket) -> Outcome<()> {
        Ok(Err(ErrorCode::NotInProgress))
    }

    fn accept(&mut self, _: Socket) -> Outcome<(Socket, Input, Output)> {
        Ok(Err(ErrorCode::InvalidState))
    }

    fn local_address(&mut self, socket: Socket) -> Outcome<IpSocketAddress> {
        Ok(self.socket(&socket)?.local_address().map(Into::into))
    }

    fn remote_address(&mut self, socket: Socket) -> Outcome<IpSocketAddress> {
        Ok(self.socket(&socket)?.remote_address().map(Into::into))
    }

    fn is_listening(&mut self, _: Socket) -> wasmtime::Result<bool> {
        Ok(false)
    }

    fn address_family(&mut self, socket: Socket) -> wasmtime::Result<IpAddressFamily> {
        Ok(self.socket(&socket)?.family)
    }

    fn set_listen_backlog_size(&mut self, _: Socket, _: u64) -> Outcome<()> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn keep_alive_enabled(&mut self, _: Socket) -> Outcome<bool> {
        Ok(Ok(false))
    }

    /// Takes the wish and does nothing: no connection is idle for as long as a probe would take.
    fn set_keep_alive_enabled(&mut self, _: Socket, _: bool) -> Outcome<()> {
        Ok(Ok(()))
    }

    fn keep_alive_idle_time(&mut self, _: Socket) -> Outcome<u64> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn set_keep_alive_idle_time(&mut self, _: Socket, _: u64) -> Outcome<()> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn keep_alive_interval(&mut self, _: Socket) -> Outcome<u64> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn set_keep_alive_interval(&mut self, _: Socket, _: u64) -> Outcome<()> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn keep_alive_count(&mut self, _: Socket) -> Outcome<u32> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn set_keep_alive_count(&mut self, _: Socket, _: u32) -> Outcome<()> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn hop_limit(&mut self, _: Socket) -> Outcome<u8> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn set_hop_limit(&mut self, _: Socket, _: u8) -> Outcome<()> {
        Ok(Err(ErrorCode::NotSupported))
    }

    fn receive_buffer_size(&mut self, _: Socket) -> Outcome<u64> {
        Ok(Ok(BUFFER))
    }

    fn set_receive_buffer_size(&mut self, _: Socket, size: u64) -> Outcome<()> {
        Ok(if size == 0 { Err(ErrorCode::InvalidArgument) } else { Ok(()) })
    }

    fn send_buffer_size(&mut self, _: Socket) -> Outcome<u64> {
        Ok(Ok(BUFFER))
    }

    fn set_send_buffer_size(&mut self, _: Socket, size: u64) -> Outcome<()> {
        Ok(if size == 0 { Err(ErrorCode::InvalidArgument) } else { Ok(()) })
    }

    fn subscribe(&mut self, socket: Socket) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.ctx().table, socket)
    }

    fn shutdown(&mut self, socket: Socket, how: ShutdownType) -> Outcome<()> {
        let (receive, send) = match how {
            ShutdownType::Receive => (true, false),
            ShutdownType::Send => (false, true),
            ShutdownType::Both => (true, true),
        };
        Ok(self.socket(&socket)?.shut_down(receive, send))
    }

    fn drop(&mut self, socket: Socket) -> wasmtime::Result<()> {
        self.ctx().table.delete(socket)?;
        Ok(())
    }
}
