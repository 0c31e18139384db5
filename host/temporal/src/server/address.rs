//! Where a codec server listens: an address and a port, or a Unix socket.

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

/// How a Unix socket is written.
const UNIX: &str = "unix:";

/// Where a codec server listens. Written `127.0.0.1:8081` or `unix:/run/cloakroom/codec.sock`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An address and a port.
    Tcp(SocketAddr),
    /// The path of a Unix socket. Nobody but the user of the process and root connects to it.
    Unix(PathBuf),
}

impl Address {
    /// Listens there. A Unix socket gets mode 0600, replaces one that nobody listens to any more, and
    /// is removed when the listener is dropped; its folder must be there.
    ///
    /// # Errors
    /// `Config` if the address is in use or is not this machine's, or the socket cannot be made.
    pub async fn bind(&self) -> Result<Listener, Error> {
        match self {
            Self::Unix(path) => {
                let (listener, file) = unix_socket::bind(path).await?;
                Ok(Listener(Kind::Unix(listener, file, path.clone())))
            }
            Self::Tcp(address) => {
                let listener = TcpListener::bind(address).await.map_err(|error| {
                    Error::new(ErrorKind::Config, format!("cannot listen on {address}"))
                        .with_source(error)
                })?;
                Ok(listener.into())
            }
        }
    }
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
            let text = "not an address to listen at: write an IP address and a port, such as \
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

/// A socket that a codec server takes connections from: a [`TcpListener`], or what [`Address::bind`]
/// returns.
#[derive(Debug)]
pub struct Listener(Kind);

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    Unix(
        UnixListener,
        #[expect(dead_code, reason = "removes the socket's file")] SocketFile,
        PathBuf,
    ),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self(Kind::Tcp(listener))
    }
}

impl Listener {
    /// Returns where it listens.
    ///
    /// # Errors
    /// `Unavailable` if the system cannot tell.
    pub fn address(&self) -> Result<Address, Error> {
        match &self.0 {
            Kind::Unix(_, _, path) => Ok(Address::Unix(path.clone())),
            Kind::Tcp(listener) => listener.local_addr().map(Address::Tcp).map_err(|error| {
                Error::new(ErrorKind::Unavailable, "cannot tell where to listen").with_source(error)
            }),
        }
    }

    pub(super) async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match &self.0 {
            Kind::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                let _ = stream.set_nodelay(true);
                Ok((Stream::Tcp(stream), Peer::Tcp(peer)))
            }
            Kind::Unix(listener, _, _) => {
                let (stream, _) = listener.accept().await?;
                let user = stream.peer_cred().ok().map(|credentials| credentials.uid());
                Ok((Stream::Unix(stream), Peer::Unix { user }))
            }
        }
    }
}

/// A connection of either kind.
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
