//! One TCP socket of a guest, from its creation to its streams.

use std::{
    future::{Future, poll_fn},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

use cloakroom_core::{Error, ProcessCharge};
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, Pollable,
    bindings::sockets::network::{ErrorCode, IpAddressFamily},
};

use super::{
    background_task::BackgroundTask,
    dial::{Connection, dial},
    dial_error::DialFailure,
    reader::SocketReader,
    traced_server::TracedServer,
    writer::SocketWriter,
};
use crate::{
    grants::tcp::TcpGrant,
    instance::host_call::{ENDED, HostCall},
};

/// Bytes that the host may hold for one socket: 64 KiB unsent, 64 KiB read ahead, and TLS.
pub(crate) const SOCKET_BYTES: usize = 192 << 10;

/// TCP socket of a guest. Dropping it ends its connection.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct ClientSocket {
    pub(crate) family: IpAddressFamily,
    state: State,
    _memory: ProcessCharge,
}

enum State {
    Unconnected {
        /// True after `start-bind`.
        binding: bool,
    },
    Connecting {
        address: SocketAddr,
        dialing: Dialing,
    },
    Connected {
        address: SocketAddr,
        reader: SocketReader,
        writer: SocketWriter,
        traced: TracedServer,
    },
    /// The connection failed. A socket connects once.
    Failed,
}

/// A connection that is being opened, and the grant for errors.
struct Dialing {
    server: String,
    task: BackgroundTask<Result<Box<dyn Connection>, DialFailure>>,
    outcome: Option<Result<Box<dyn Connection>, DialFailure>>,
    traced: TracedServer,
    /// Ends when the guest takes the outcome.
    call: HostCall,
}

/// Streams of a connection.
pub(crate) type Streams = (DynInputStream, DynOutputStream);

/// Reason that a socket has no streams.
pub(crate) enum NoStreams {
    /// The socket's state does not allow it, or it is not connected yet.
    State(ErrorCode),
    /// The connection failed. The error is for the operator.
    Failed(ErrorCode, Error),
}

impl ClientSocket {
    pub(crate) fn new(family: IpAddressFamily, memory: ProcessCharge) -> Self {
        Self { family, state: State::Unconnected { binding: false }, _memory: memory }
    }

    /// Binds to a local address that the system chooses, which happens when the socket connects. Another
    /// address or port would be the first half of listening.
    pub(crate) fn start_bind(&mut self, address: SocketAddr) -> Result<(), ErrorCode> {
        let has_family = self.has_family_of(address);
        match &mut self.state {
            State::Unconnected { .. } if !has_family => Err(ErrorCode::InvalidArgument),
            State::Unconnected { binding } if is_any(address) => {
                *binding = true;
                Ok(())
            }
            State::Unconnected { .. } => Err(ErrorCode::AccessDenied),
            _ => Err(ErrorCode::InvalidState),
        }
    }

    pub(crate) fn finish_bind(&mut self) -> Result<(), ErrorCode> {
        match &mut self.state {
            State::Unconnected { binding: binding @ true } => {
                *binding = false;
                Ok(())
            }
            _ => Err(ErrorCode::NotInProgress),
        }
    }

    /// Returns whether the socket may connect to an address of this family.
    pub(crate) fn check_connect(&self, address: SocketAddr) -> Result<(), ErrorCode> {
        match &self.state {
            State::Unconnected { .. } if self.has_family_of(address) => Ok(()),
            State::Unconnected { .. } => Err(ErrorCode::InvalidArgument),
            State::Connecting { .. } => Err(ErrorCode::ConcurrencyConflict),
            State::Connected { .. } | State::Failed => Err(ErrorCode::InvalidState),
        }
    }

    /// Begins to connect. The task ends with the call's time, or with this socket.
    pub(crate) fn start_connect(
        &mut self,
        address: SocketAddr,
        server: &TcpGrant,
        time: Duration,
        traced: TracedServer,
    ) {
        let grant = server.clone();
        let mut call = traced.call("wasi:sockets.connect", 0);
        call.ends(ENDED);
        let task = BackgroundTask::spawn(async move { Ok(dial(grant, time).await) });
        let dialing = Dialing { server: server.to_string(), task, outcome: None, traced, call };
        self.state = State::Connecting { address, dialing };
    }

    pub(crate) fn finish_connect(&mut self) -> Result<Streams, NoStreams> {
        let State::Connecting { address, dialing } = &mut self.state else {
            return Err(NoStreams::State(ErrorCode::NotInProgress));
        };
        let outcome = pin!(dialing.finish()).poll(&mut Context::from_waker(Waker::noop()));
        if outcome.is_pending() {
            return Err(NoStreams::State(ErrorCode::WouldBlock));
        }
        let (address, server, traced) = (*address, dialing.server.clone(), dialing.traced.clone());
        let outcome = dialing.outcome.take();
        match &outcome {
            Some(Ok(_)) => dialing.call.ends("ok"),
            Some(Err(failure)) => dialing.call.ends(failure.explain(&server).kind().as_str()),
            None => {}
        }
        // Ends the traced call as well.
        self.state = State::Failed;
        match outcome {
            Some(Ok(connection)) => {
                let (reader, writer) = tokio::io::split(connection);
                let reader = SocketReader::new(reader, traced.clone());
                let writer = SocketWriter::new(writer, traced.clone());
                let streams: Streams = (Box::new(reader.clone()), Box::new(writer.clone()));
                self.state = State::Connected { address, reader, writer, traced };
                Ok(streams)
            }
            Some(Err(failure)) => Err(NoStreams::Failed(failure.code(), failure.explain(&server))),
            None => Err(NoStreams::State(ErrorCode::Unknown)),
        }
    }

    /// Returns the address that the guest connected to, which may stand for a name.
    pub(crate) fn remote_address(&self) -> Result<SocketAddr, ErrorCode> {
        match &self.state {
            State::Connected { address, .. } => Ok(*address),
            _ => Err(ErrorCode::InvalidState),
        }
    }

    /// Returns an address that says nothing: the host's own is not the guest's business.
    pub(crate) fn local_address(&self) -> Result<SocketAddr, ErrorCode> {
        self.remote_address()?;
        let unspecified = match self.family {
            IpAddressFamily::Ipv4 => IpAddr::from(Ipv4Addr::UNSPECIFIED),
            IpAddressFamily::Ipv6 => IpAddr::from(Ipv6Addr::UNSPECIFIED),
        };
        Ok(SocketAddr::new(unspecified, 0))
    }

    pub(crate) fn shut_down(&self, receive: bool, send: bool) -> Result<(), ErrorCode> {
        let State::Connected { reader, writer, traced, .. } = &self.state else {
            return Err(ErrorCode::InvalidState);
        };
        traced.call("wasi:sockets.shutdown", 0).ends("ok");
        if receive {
            reader.shut_down();
        }
        if send {
            writer.shut_down();
        }
        Ok(())
    }

    fn has_family_of(&self, address: SocketAddr) -> bool {
        match self.family {
            IpAddressFamily::Ipv4 => address.is_ipv4(),
            IpAddressFamily::Ipv6 => address.is_ipv6(),
        }
    }
}

/// Returns whether an address leaves address and port to the system.
fn is_any(address: SocketAddr) -> bool {
    address.ip().is_unspecified() && address.port() == 0
}

impl Dialing {
    /// Waits until the connection is open, or has failed.
    async fn finish(&mut self) {
        if self.outcome.is_none() {
            let outcome = poll_fn(|polling| pin!(&mut self.task).poll(polling)).await;
            self.outcome = Some(outcome.unwrap_or_else(|error| Err(DialFailure::Connect(error))));
        }
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for ClientSocket {
    /// Waits until a connection that was begun is open, or has failed.
    async fn ready(&mut self) {
        if let State::Connecting { dialing, .. } = &mut self.state {
            dialing.finish().await;
        }
    }
}
