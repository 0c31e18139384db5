//! Key rings over a key service, such as AWS KMS or Vault's transit engine.
//!
//! [`DataKeys`] makes data keys from the system's random source and has the service wrap them. A payload
//! carries the wrapped key in its key's id ([`KeyId`]), so whoever may ask the service opens it. A data key
//! seals for an hour, for one namespace, and is renewed in the background. What must outlive data keys is
//! under the ring's secret ([`make_secret`]).
//!
//! No client of a service is here: those implement [`KeyService`](cloakroom_core::KeyService).

mod access;
mod audit;
mod budget;
mod builder;
mod clock;
mod failure;
mod flights;
mod id;
mod inner;
mod lasting;
mod memory;
pub mod metric;
mod outage;
mod probe;
mod proxy_id;
mod report;
mod ring;
mod scope;
mod secret;
mod service_check;
mod service_key;
mod settings;
mod sweep;
#[cfg(test)]
mod tests;
mod wrapped_keys;

pub use self::{
    builder::DataKeysBuilder,
    clock::Clock,
    id::{KeyId, WrappedKey, namespace_tag, service_tag},
    probe::{ProbeReport, probe},
    report::{DataKeyReport, DataKeysReport, FailingReport, SecretReport},
    ring::DataKeys,
    secret::{make_secret, rewrap_secret},
    service_check::{KeyProof, ServiceCheck},
    settings::{DataKeySettings, Form, OpenedSettings, Per, WrappedPlace},
    wrapped_keys::WRAPPED_KEYS,
};
