//! Listen addresses: TCP or a Unix socket.

use std::{
    fmt,
    io::{self, IoSlice},
    net::SocketAddr,
    path::PathBuf,
    pin::Pin,
    str::FromStr,
    task::{Context, Poll},
};

use cloakroom_core::{Error, ErrorKind};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
};

use super::{
    peer::Peer,
    unix_socket::{self, SocketFile},
};

/// Prefix of a Unix socket's path.
const UNIX: &str = "unix:";

/// Address that a codec server listens on: `127.0.0.1:8081` or `unix:/run/cloakroom/codec.sock`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// IP address and port.
    Tcp(SocketAddr),
    /// Path of a Unix socket. Only the user of the process and root can connect.
    Unix(PathBuf),
}

impl Address {
    /// Listens on the address.
    ///
    /// A Unix socket gets mode 0600, replaces a socket that no process listens to any more, and is
    /// removed when the listener is dropped. Its folder must exist.
    ///
    /// # Errors
    /// `Config` if the address is in use or not one of this machine, or the socket cannot be
    /// created.
    pub async fn bind(&self) -> Result<Listener, Error> {
        match self {
            Self::Unix(path) => {
                let (listener, file) = unix_socket::bind(path).await?;
                Ok(Listener(ListenerKind::Unix(listener, file, path.clone())))
            }
            Self::Tcp(address) => {
                let listener = TcpListener::bind(address).await;
                Ok(listener.map_err(|error| cannot_listen(*address, error))?.into())
            }
        }
    }
}

/// Returns the error of an address that cannot be listened on, with what to do.
fn cannot_listen(address: SocketAddr, error: io::Error) -> Error {
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => ": end the process that listens there, or choose another port",
        io::ErrorKind::AddrNotAvailable => ": choose an address of this machine",
        io::ErrorKind::PermissionDenied => ": choose a port from 1024 on",
        _ => "",
    };
    let text = format!("cannot listen on {address}{advice}");
    Error::new(ErrorKind::Config, text).with_source(error)
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(path) = text.strip_prefix(UNIX).filter(|path| !path.is_empty()) {
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        text.parse().map(Self::Tcp).map_err(|_| {
            let text = "not an address to listen on: write an IP address and a port, such as \
                        127.0.0.1:8081, or unix: and a path, such as unix:/run/cloakroom/codec.sock";
            Error::new(ErrorKind::Config, text)
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

/// Socket that a codec server accepts connections from: a [`TcpListener`], or the result of
/// [`Address::bind`].
#[derive(Debug)]
pub struct Listener(ListenerKind);

#[derive(Debug)]
enum ListenerKind {
    Tcp(TcpListener),
    Unix(
        UnixListener,
        #[expect(dead_code, reason = "removes the socket's file")] SocketFile,
        PathBuf,
    ),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self(ListenerKind::Tcp(listener))
    }
}

impl Listener {
    /// Returns the address it listens on.
    ///
    /// # Errors
    /// `Unavailable` if the system does not report it.
    pub fn address(&self) -> Result<Address, Error> {
        match &self.0 {
            ListenerKind::Unix(_, _, path) => Ok(Address::Unix(path.clone())),
            ListenerKind::Tcp(listener) => {
                listener.local_addr().map(Address::Tcp).map_err(|error| {
                    Error::new(ErrorKind::Unavailable, "cannot read the address of the listener")
                        .with_source(error)
                })
            }
        }
    }

    /// Accepts the next connection.
    pub(super) async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match &self.0 {
            ListenerKind::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Otherwise a small answer waits until the client has acknowledged the part before.
                let _ = stream.set_nodelay(true);
                Ok((Stream::Tcp(stream), Peer::Tcp(peer)))
            }
            ListenerKind::Unix(listener, _, _) => {
                let (stream, _) = listener.accept().await?;
                let user = stream.peer_cred().ok().map(|credentials| credentials.uid());
                Ok((Stream::Unix(stream), Peer::Unix { user }))
            }
        }
    }
}

/// Connection of either kind.
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

macro_rules! forward {
    ($self:ident, $method:ident, $($argument:expr),*) => {
        match $self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).$method($($argument),*),
            Self::Unix(stream) => Pin::new(stream).$method($($argument),*),
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        forward!(self, poll_read, cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        forward!(self, poll_write, cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        forward!(self, poll_write_vectored, cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self, poll_flush, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self, poll_shutdown, cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_are_written() {
        for text in ["127.0.0.1:8081", "[::1]:0", "unix:/run/codec.sock", "unix:codec.sock"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for wrong in ["", "unix:", "/run/codec.sock", "localhost:8081", "127.0.0.1"] {
            let error = wrong.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains("127.0.0.1:8081"), "{error}");
        }
    }
}
