//! Check of keys: each seals a probe and opens it again.

use bytes::Bytes;
use cloakroom_core::{Error, ErrorKind, Key, KeyRing};

use crate::cloakroom::Cloakroom;

/// Probe that keys seal, and its associated data.
const PROBE: (&[u8], &[u8]) = (b"cloakroom keys check", b"probe");

/// Outcome of the check of one key.
#[derive(Debug)]
#[non_exhaustive]
pub struct KeyCheck {
    /// Name of the ring.
    pub ring: String,
    /// Id of the key.
    pub key: String,
    /// True if the ring seals with it.
    pub is_current: bool,
    /// Error, if the key did not open what it sealed.
    pub error: Option<Error>,
}

impl Cloakroom {
    /// Has each key of the file seal and open a probe.
    pub async fn check_keys(&self) -> Vec<KeyCheck> {
        let current = self.current();
        let mut checks = Vec::new();
        for report in &current.inventory.report.rings {
            let Some(ring) = current.rings.get(&report.name) else { continue };
            if current.service_rings.contains_key(&report.name) {
                // Keys of a service are not found by their URI. One that only unwraps has nothing to
                // unwrap here.
                checks.push(KeyCheck {
                    ring: report.name.clone(),
                    key: report.current.clone(),
                    is_current: true,
                    error: check_service(&**ring).await.err(),
                });
                continue;
            }
            for key in &report.keys {
                checks.push(KeyCheck {
                    ring: report.name.clone(),
                    key: key.clone(),
                    is_current: *key == report.current,
                    error: check_key(&**ring, key).await.err(),
                });
            }
        }
        checks
    }
}

/// Has the service wrap a data key, unless one is at hand, and tries the data key.
async fn check_service(ring: &dyn KeyRing) -> Result<(), Error> {
    let key = ring.current(None).await?;
    try_key(key.as_deref())
}

async fn check_key(ring: &dyn KeyRing, id: &str) -> Result<(), Error> {
    let key = ring.find(id, None).await?;
    try_key(key.as_deref())
}

fn try_key(key: Option<&dyn Key>) -> Result<(), Error> {
    let key = key.ok_or_else(|| Error::new(ErrorKind::NotFound, "the ring has no such key"))?;
    let (probe, associated) = PROBE;
    let sealed = key.seal(&[Bytes::from_static(probe)], associated)?;
    if key.open(sealed, associated)? == probe {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Corrupt, "the key opened something else than it had sealed"))
}
