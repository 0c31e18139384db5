//! Access of callers: TLS, tokens of the operator, and tokens that an identity provider signed.

mod auth;
#[cfg(feature = "proxy")]
mod certificate_names;
mod client;
#[cfg(feature = "proxy")]
mod client_tls;
mod jwks;
mod jwt;
mod key_set;
mod metric;
mod pem;
mod tls;
mod verified_tokens;

#[cfg(feature = "proxy")]
pub use self::client_tls::ClientTls;
pub use self::{
    auth::Auth,
    client::{AuthError, Client},
    metric::describe,
    tls::ServerTls,
};
#[cfg(feature = "proxy")]
pub(crate) use self::{
    auth::{bearer_token, check_token},
    certificate_names::CertificateNames,
};
