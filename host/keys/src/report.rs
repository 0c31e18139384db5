//! Report of a ring: its services, its data keys in this process, and a failure that goes on.

use std::time::Duration;

use cloakroom_core::{Key as _, KeyFailure, key_label};

use crate::{id::KeyId, ring::DataKeys};

/// Report of a ring over a key service. It holds no key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DataKeysReport {
    /// URI of the key that wraps.
    pub service: String,
    /// URIs of the keys that only unwrap.
    pub retired: Vec<String>,
    /// Secrets of the ring. The first is in use, and others only open and verify.
    pub secrets: Vec<SecretReport>,
    /// Data keys that seal in this process.
    pub data_keys: Vec<DataKeyReport>,
    /// Number of unwrapped keys that are remembered.
    pub opened: usize,
    /// Services that fail.
    pub failing: Vec<FailingReport>,
}

/// Report of a data key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DataKeyReport {
    /// Namespace that it seals for; none if it is for calls without one, or for all.
    pub namespace: Option<String>,
    /// Start of the digest of the wrapped key.
    pub label: String,
    /// Time since it was made.
    pub age: Duration,
    /// Payloads that this process has sealed with it.
    pub messages: u64,
}

/// Report of a secret of the ring.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SecretReport {
    /// Id, which payloads and claims name.
    pub id: String,
    /// URI of the key that has wrapped it.
    pub service: String,
}

/// Report of a service's key that fails.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FailingReport {
    /// URI of the key.
    pub service: String,
    /// Reason.
    pub kind: KeyFailure,
    /// Time since the first failure.
    pub since: Duration,
}

impl DataKeys {
    /// Returns a report of the ring.
    #[must_use]
    pub fn report(&self) -> DataKeysReport {
        let now = self.inner.clock.now();
        let mut uris = self.inner.services.iter().map(|service| service.uri().to_owned());
        let service = uris.next().unwrap_or_default();
        let failing = self.inner.services.iter().filter_map(|service| {
            let outage = service.outage()?;
            let since = now.saturating_sub(outage.since);
            Some(FailingReport { service: service.uri().to_owned(), kind: outage.kind, since })
        });
        let (failing, retired) = (failing.collect(), uris.collect());
        let memory = self.inner.memory();
        let data_keys = memory.current.iter().map(|(scope, entry)| {
            let id = entry.key.id();
            DataKeyReport {
                namespace: scope.namespace().map(str::to_owned),
                label: KeyId::parse(id).map_or_else(|| key_label(id).to_owned(), |id| id.label()),
                age: now.saturating_sub(entry.since),
                messages: entry.key.messages(),
            }
        });
        let (data_keys, opened) = (data_keys.collect(), memory.opened_keys());
        let secrets = self.inner.secrets.iter().filter_map(|secret| {
            let service = self.inner.services.get(secret.service)?.uri().to_owned();
            Some(SecretReport { id: secret.id().to_owned(), service })
        });
        let secrets = secrets.collect();
        DataKeysReport { service, retired, secrets, data_keys, opened, failing }
    }
}
