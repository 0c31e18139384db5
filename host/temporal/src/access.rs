//! Access of callers: TLS, tokens of the operator, and tokens that an identity provider signed.

mod auth;
#[cfg(feature = "gateway")]
mod certificate_names;
mod client;
#[cfg(feature = "gateway")]
mod client_tls;
mod jwks;
mod jwt;
mod key_set;
mod metric;
mod pem;
mod tls;
mod verified_tokens;

#[cfg(feature = "gateway")]
pub use self::client_tls::ClientTls;
pub use self::{auth::Auth, tls::ServerTls};
#[cfg(feature = "gateway")]
pub(crate) use self::{
    auth::{bearer_token, check_token},
    certificate_names::CertificateNames,
    client::Client,
};
pub(crate) use self::{client::AuthError, metric::describe};
