//! Opens the connection that a guest asked for: resolves the name, connects, and encrypts.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, lookup_host},
    time::{Instant, timeout},
};
use tokio_rustls::TlsConnector;

use super::dial_error::DialFailure;
use crate::grants::tcp::{
    TcpGrant, TcpTarget,
    tls::{ServerTls, TlsStart},
};

/// Most addresses of a name that are tried.
const ADDRESSES: usize = 8;

/// PostgreSQL's `SSLRequest`: its length, and a number that no version of the protocol has.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Open connection to a server, encrypted or not.
pub(super) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

/// Connects to a server within `time`.
pub(super) async fn dial(
    server: TcpGrant,
    time: Duration,
) -> Result<Box<dyn Connection>, DialFailure> {
    let connected = timeout(time, async {
        let stream = connect(&server.target, time).await?;
        // A guest cannot turn Nagle's algorithm off, and drivers wait for the answer to what they sent.
        let _ = stream.set_nodelay(true);
        match &server.tls {
            None => Ok(Box::new(stream) as Box<dyn Connection>),
            Some(tls) => encrypt(stream, tls).await,
        }
    });
    connected.await.unwrap_or(Err(DialFailure::TimeUp))
}

async fn connect(target: &TcpTarget, time: Duration) -> Result<TcpStream, DialFailure> {
    match target {
        TcpTarget::Address(address) => {
            TcpStream::connect(address).await.map_err(DialFailure::Connect)
        }
        TcpTarget::Name { host, port } => {
            let found = lookup_host((&**host, *port)).await.map_err(DialFailure::Resolve)?;
            connect_any(&found.take(ADDRESSES).collect::<Vec<_>>(), time).await
        }
    }
}

/// Tries the addresses of a name in turn. Each gets its share of the time that is left, so that one that
/// drops packets does not use up the time of those behind it.
async fn connect_any(addresses: &[SocketAddr], time: Duration) -> Result<TcpStream, DialFailure> {
    let until = Instant::now() + time;
    let mut failure = None;
    for (index, address) in addresses.iter().enumerate() {
        if is_surprising(address.ip()) {
            failure.get_or_insert(DialFailure::Surprise);
            continue;
        }
        let others = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let share = until.saturating_duration_since(Instant::now()) / others;
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failure = Some(DialFailure::Connect(error)),
            Err(_) => failure = Some(DialFailure::TimeUp),
        }
    }
    Err(failure.unwrap_or_else(|| DialFailure::Resolve(io::Error::other("it has no address"))))
}

/// Returns whether a name leads where no server of a name is. Link-local addresses have the metadata
/// services of clouds, which give credentials to whoever reaches them, and DNS is not always the
/// operator's. An operator who means such an address grants the address.
fn is_surprising(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            address.is_unspecified()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_broadcast()
        }
        IpAddr::V6(address) => {
            address.is_unspecified() || address.is_unicast_link_local() || address.is_multicast()
        }
    }
}

async fn encrypt(
    mut stream: TcpStream,
    tls: &ServerTls,
) -> Result<Box<dyn Connection>, DialFailure> {
    if tls.start == TlsStart::Postgres {
        request_tls(&mut stream).await?;
    }
    let connector = TlsConnector::from(tls.config.clone());
    let stream = connector.connect(tls.name.clone(), stream).await;
    Ok(Box::new(stream.map_err(DialFailure::Tls)?))
}

/// Asks a PostgreSQL server for TLS.
async fn request_tls(stream: &mut TcpStream) -> Result<(), DialFailure> {
    stream.write_all(&SSL_REQUEST).await.map_err(DialFailure::Tls)?;
    // One byte and no more. What somebody on the way puts behind it in the clear goes into the handshake,
    // which then fails, and never into the guest's connection (CVE-2021-23222).
    match stream.read_u8().await.map_err(DialFailure::Tls)? {
        b'S' => Ok(()),
        _ => Err(DialFailure::NoTls),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_servers() {
        for surprise in
            ["0.0.0.0", "169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "::", "224.0.0.1"]
        {
            assert!(is_surprising(surprise.parse().unwrap()), "{surprise}");
        }
        for server in ["127.0.0.1", "10.0.0.5", "::1", "fd00::1", "192.0.2.1"] {
            assert!(!is_surprising(server.parse().unwrap()), "{server}");
        }
    }
}
