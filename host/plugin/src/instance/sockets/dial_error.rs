//! Errors of connections: a code for the guest, and a sentence for the operator.

use std::io;

use cloakroom_core::{Error, ErrorKind, clean};
use wasmtime_wasi::p2::bindings::sockets::network::ErrorCode;

/// Most characters of the system's or the TLS library's words. They quote the server's certificate.
const REASON: usize = 200;

/// Reason that there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialFailure {
    /// The name has no address now.
    #[error("its name could not be resolved")]
    Resolve(#[source] io::Error),
    /// The name leads to an address that no server of this name can have.
    #[error(
        "its name leads to an address for which no name is granted (link-local or unspecified)"
    )]
    Surprise,
    /// No address took the connection.
    #[error("no connection")]
    Connect(#[source] io::Error),
    /// The server has not taken the request for TLS.
    #[error("the server offers no TLS: turn it on there (PostgreSQL: `ssl = on`)")]
    NoTls,
    /// The handshake failed.
    #[error("no TLS connection")]
    Tls(#[source] io::Error),
    /// The call's time was over.
    #[error("no connection within the time of the call")]
    TimeUp,
}

impl DialFailure {
    /// Returns the code for the guest.
    pub(super) fn code(&self) -> ErrorCode {
        match self {
            Self::Resolve(_) => ErrorCode::RemoteUnreachable,
            Self::Surprise | Self::NoTls => ErrorCode::AccessDenied,
            Self::Connect(error) => ErrorCode::from(error),
            Self::Tls(error) if is_certificate(error) => ErrorCode::AccessDenied,
            Self::Tls(_) => ErrorCode::ConnectionAborted,
            Self::TimeUp => ErrorCode::Timeout,
        }
    }

    /// Returns the error for the operator. `server` is the grant.
    pub(super) fn explain(&self, server: &str) -> Error {
        // A certificate that is refused stays refused: a retry does not help.
        let kind = match self.code() {
            ErrorCode::AccessDenied => ErrorKind::Denied,
            _ => ErrorKind::Unavailable,
        };
        let reason = match self {
            Self::Resolve(error) | Self::Connect(error) | Self::Tls(error) => {
                format!(": {}", clean(&error.to_string(), REASON))
            }
            _ => String::new(),
        };
        Error::new(kind, format!("connection to `{server}`: {self}{reason}"))
    }
}

/// Returns whether the handshake failed because of the server's certificate.
fn is_certificate(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    matches!(
        cause,
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented)
    )
}
