//! Clients of key services: each wraps and unwraps data keys under one key that never leaves its service.
//!
//! [`connect`] reads the URI of a key, such as `vault://transit/payments`, and [`KeyAccess`] says where the
//! service is and with which credentials it is asked. A client sends one request for each call, within a
//! time, to the address that was configured, and follows no redirect.
//!
//! ```no_run
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! use cloakroom_kms::{DataKey, KeyAccess, connect};
//!
//! let access = KeyAccess::default().with("address", "https://vault.example:8200").with_environment();
//! let service = connect("vault://transit/payments", &access)?;
//! let key = DataKey::from_slice(&[7; 32]).unwrap();
//! let wrapped = service.wrap(&key, None).await?;
//! # Ok(())
//! # }
//! ```

mod access;
mod address;
#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "azure")]
mod azure;
mod connect;
#[cfg(feature = "google")]
mod google;
mod http;
mod json;
mod uri;
#[cfg(feature = "vault")]
mod vault;

pub use cloakroom_core::{
    DataKey, KeyContext, KeyFailure, KeyService, KeyServiceError, KeyUse, MAX_WRAPPED,
};

pub use self::{
    access::KeyAccess,
    connect::{SCHEMES, connect},
};
