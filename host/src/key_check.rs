//! Check of keys: each seals a probe and opens it again, and those of a key service are asked for.

use bytes::Bytes;
use cloakroom_core::{Error, ErrorKind, Key, KeyRing};
use cloakroom_keys::{DataKeys, KeyProof};

use crate::cloakroom::Cloakroom;

/// Probe that keys seal, and its associated data.
const PROBE: (&[u8], &[u8]) = (b"cloakroom keys check", b"probe");

/// Outcome of the check of one key.
#[derive(Debug)]
#[non_exhaustive]
pub struct KeyCheck {
    /// Name of the ring.
    pub ring: String,
    /// Id of the key, or URI of a service's key.
    pub key: String,
    /// True if the ring seals with it.
    pub is_current: bool,
    /// Proof; an error if the key does not open what it sealed, or its service refuses.
    pub outcome: Result<KeyProof, Error>,
}

impl Cloakroom {
    /// Has each key of the file seal and open a probe. Keys of a service are asked there, the current one
    /// and the retired ones.
    pub async fn check_keys(&self) -> Vec<KeyCheck> {
        let current = self.current();
        let mut checks = Vec::new();
        for report in &current.inventory.report.rings {
            let Some(ring) = current.rings.get(&report.name) else { continue };
            for key in report.keys.iter().filter(|key| !report.retired.contains(key)) {
                checks.push(KeyCheck {
                    ring: report.name.clone(),
                    key: key.clone(),
                    is_current: *key == report.current,
                    outcome: check_key(&**ring, key).await,
                });
            }
            if let Some(service) = current.service_rings.get(&report.name) {
                checks.extend(check_services(&report.name, service).await);
            }
        }
        checks
    }
}

async fn check_services(ring: &str, service: &DataKeys) -> Vec<KeyCheck> {
    let mut checks = Vec::new();
    for checked in service.check_services().await {
        let outcome = match checked.outcome {
            // A data key at hand may be of another namespace: this one is for calls without any.
            Ok(_) if checked.is_current => match service.current(None).await {
                Ok(key) => try_key(key.as_deref()),
                Err(error) => Err(error),
            },
            outcome => outcome,
        };
        let (key, is_current) = (checked.service, checked.is_current);
        checks.push(KeyCheck { ring: ring.to_owned(), key, is_current, outcome });
    }
    checks
}

async fn check_key(ring: &dyn KeyRing, id: &str) -> Result<KeyProof, Error> {
    let key = ring.find(id, None).await?;
    try_key(key.as_deref())
}

fn try_key(key: Option<&dyn Key>) -> Result<KeyProof, Error> {
    let key = key.ok_or_else(|| Error::new(ErrorKind::NotFound, "the ring has no such key"))?;
    let (probe, associated) = PROBE;
    let sealed = key.seal(&[Bytes::from_static(probe)], associated)?;
    if key.open(sealed, associated)? == probe {
        return Ok(KeyProof::Probe);
    }
    Err(Error::new(ErrorKind::Corrupt, "the key opened something else than it had sealed"))
}
