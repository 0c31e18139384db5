//! Rings over a key service of the tests, whose clock and faults they control.

mod forged;
mod kek;
mod lasting;
mod outages;
mod rotation;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use cloakroom_core::{Error, Key, KeyRing as _};

use self::kek::{Hand, Kek};
use crate::{DataKeySettings, DataKeys};

const URI: &str = "test://one";

/// A ring with its service and its clock.
struct Rig {
    kek: Arc<Kek>,
    clock: Arc<Hand>,
    ring: DataKeys,
}

impl Rig {
    fn new() -> Self {
        Self::with(DataKeySettings::default())
    }

    fn with(settings: DataKeySettings) -> Self {
        let (kek, clock) = (Kek::new(URI), Hand::new());
        let ring = DataKeys::builder("r", kek.clone()).with_data_keys(settings);
        let ring = ring.with_clock(clock.clone()).build().unwrap();
        Self { kek, clock, ring }
    }

    /// Another process with the same configuration.
    fn replica(&self) -> DataKeys {
        let ring = DataKeys::builder("r", self.kek.clone()).with_clock(self.clock.clone());
        ring.build().unwrap()
    }

    async fn id(&self, namespace: &str) -> String {
        current(&self.ring, Some(namespace)).await.unwrap().id().to_owned()
    }
}

async fn current(ring: &DataKeys, namespace: Option<&str>) -> Result<Arc<dyn Key>, Error> {
    Ok(ring.current(namespace).await?.expect("a service ring has a current key"))
}

async fn find(
    ring: &DataKeys,
    id: &str,
    namespace: Option<&str>,
) -> Result<Option<Arc<dyn Key>>, Error> {
    ring.find(id, namespace).await
}

fn seal(key: &dyn Key) -> Bytes {
    key.seal(&[Bytes::from_static(b"text")], b"bound").unwrap()
}

/// Waits until a condition holds, without a bound of time: the test's runner has one.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    while !holds().await {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
