//! Key rings over a key service.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use cloakroom_core::{Bucket, Error, ErrorKind};
use cloakroom_keys::{DataKeys, DataKeysBuilder};

use super::{
    key_services::KeyServices,
    schema::RingEntry,
    secret::{Secret, read_secret},
};

/// Rings over key services, by name.
pub(crate) type ServiceRings = BTreeMap<String, DataKeys>;

/// Error, and the key of the ring's table that it is about.
type AtKey = (&'static str, Error);

/// Rings over key services that stay open over reloads: a ring whose settings stay the same keeps its data
/// keys, and what it remembers.
#[derive(Default)]
pub(crate) struct OpenRings(Mutex<Vec<(String, DataKeys)>>);

impl OpenRings {
    /// Returns the ring of an entry with a `service`.
    ///
    /// # Errors
    /// `Config`, with the key that is wrong.
    pub(crate) fn ring(
        &self,
        name: &str,
        service: &str,
        entry: &RingEntry,
        services: &KeyServices<'_>,
        bucket: Option<&Arc<dyn Bucket>>,
    ) -> Result<DataKeys, AtKey> {
        let secrets = secrets(name, entry, services.folder)?;
        // The entry, and what it names. A wrapped secret is none.
        let brought: Vec<_> = services.native.values().map(Arc::as_ptr).collect();
        // A ring holds its bucket, so no other one has its address.
        let bucket_at = bucket.map(Arc::as_ptr);
        let parts = (parts(entry), services.access, brought, bucket_at);
        let identity = format!("{name} {service:?} {secrets:?} {parts:?}");
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, ring)) = open.iter().find(|(known, _)| *known == identity) {
            return Ok(ring.clone());
        }
        let ring = build(name, service, entry, &secrets, services)?;
        let ring = match bucket {
            Some(bucket) => ring.with_bucket(bucket.clone()),
            None => ring,
        };
        let ring = ring.build().map_err(|error| at_key(name, "service", error))?;
        open.push((identity, ring.clone()));
        Ok(ring)
    }

    /// Forgets the rings that no configuration uses any more, with their keys.
    pub(crate) fn forget_unused(&self) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(_, ring)| ring.is_shared());
    }
}

fn parts(entry: &RingEntry) -> impl std::fmt::Debug + '_ {
    (&entry.retired, &entry.data_key, &entry.opened)
}

fn build(
    name: &str,
    service: &str,
    entry: &RingEntry,
    secrets: &[String],
    services: &KeyServices<'_>,
) -> Result<DataKeysBuilder, AtKey> {
    let at = |key: &'static str| move |error: Error| at_key(name, key, error);
    let wraps = services.connect(service).map_err(at("service"))?;
    let mut ring = DataKeys::builder(name, wraps).with_written_uri(service);
    for uri in &entry.retired {
        ring = ring.with_retired(services.connect(uri).map_err(at("retired"))?, uri);
    }
    if let Some(data_key) = &entry.data_key {
        ring = ring.with_data_keys(data_key.settings());
    }
    if let Some(opened) = &entry.opened {
        ring = ring.with_opened(opened.settings());
    }
    for secret in secrets {
        ring = ring.with_secret(secret).map_err(at("secret"))?;
    }
    Ok(ring)
}

fn at_key(name: &str, key: &'static str, error: Error) -> AtKey {
    (key, Error::new(error.kind(), format!("[keys.{name}]: {error}")))
}

/// Reads the wrapped secrets. The first is in use.
fn secrets(name: &str, entry: &RingEntry, folder: &Path) -> Result<Vec<String>, AtKey> {
    let read = |key: &'static str, secret: &Secret| {
        let place = format!("[keys.{name}] `{key}`");
        let hint = "; set it to what `cloakroom keys init` printed";
        let text = read_secret(&place, secret, folder, hint).map_err(|error| (key, error))?;
        Ok(String::from_utf8_lossy(&text).trim().to_owned())
    };
    let current = entry.secret.iter().map(|secret| read("secret", secret));
    let old = entry.old_secrets.iter().map(|secret| read("old_secrets", secret));
    if entry.secret.is_none() && !entry.old_secrets.is_empty() {
        let text = format!("[keys.{name}] has `old_secrets` and no `secret`: name the one in use");
        return Err(("old_secrets", Error::new(ErrorKind::Config, text)));
    }
    current.chain(old).collect()
}
