//! Key service of the tests: AES-256-GCM under a key of its own, with faults and a gate.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cloakroom_core::{DataKey, Key as _, KeyContext, KeyFailure, KeyService, KeyServiceError};
use cloakroom_stores::{KeyMaterial, RingKey};
use futures::future::BoxFuture;
use tokio::sync::Semaphore;

use crate::Clock;

/// Clock that a test moves.
pub(super) struct Hand(AtomicU64);

impl Hand {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(0)))
    }

    pub(super) fn forward(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_millis()).unwrap(), SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(SeqCst))
    }
}

/// Key service of the tests.
pub(super) struct Kek {
    uri: &'static str,
    key: RingKey,
    fault: Mutex<Option<KeyFailure>>,
    /// Requests wait for a permit of it.
    gate: Semaphore,
    pub(super) wraps: AtomicUsize,
    pub(super) unwraps: AtomicUsize,
}

impl Kek {
    pub(super) fn new(uri: &'static str) -> Arc<Self> {
        let mut material = *b"a key that every test may know!!";
        material[..uri.len()].copy_from_slice(uri.as_bytes());
        Arc::new(Self {
            uri,
            key: RingKey::from_material(uri, &KeyMaterial::new(material)).unwrap(),
            fault: Mutex::new(None),
            gate: Semaphore::new(1_000_000),
            wraps: AtomicUsize::new(0),
            unwraps: AtomicUsize::new(0),
        })
    }

    pub(super) fn fail(&self, fault: Option<KeyFailure>) {
        *self.fault.lock().unwrap() = fault;
    }

    /// Lets requests wait until [`Kek::open_gate`].
    pub(super) fn close_gate(&self) {
        self.gate.forget_permits(1_000_000);
    }

    pub(super) fn open_gate(&self) {
        self.gate.add_permits(1_000_000);
    }

    pub(super) fn counts(&self) -> (usize, usize) {
        (self.wraps.load(SeqCst), self.unwraps.load(SeqCst))
    }

    async fn answer(&self, count: &AtomicUsize) -> Result<(), KeyServiceError> {
        count.fetch_add(1, SeqCst);
        let _permit = self.gate.acquire().await.unwrap();
        tokio::task::yield_now().await;
        match *self.fault.lock().unwrap() {
            Some(fault) => Err(KeyServiceError::new(fault, "the test says so")),
            None => Ok(()),
        }
    }
}

fn associated(context: Option<&KeyContext>) -> Vec<u8> {
    context.map_or_else(Vec::new, KeyContext::bytes)
}

impl KeyService for Kek {
    fn uri(&self) -> &str {
        self.uri
    }

    fn binds_context(&self) -> bool {
        true
    }

    fn wrap<'a>(
        &'a self,
        key: &'a DataKey,
        context: Option<&'a KeyContext>,
    ) -> BoxFuture<'a, Result<Bytes, KeyServiceError>> {
        Box::pin(async move {
            self.answer(&self.wraps).await?;
            let parts = [Bytes::copy_from_slice(key.bytes())];
            Ok(self.key.seal_aes_gcm(&parts, &associated(context)).unwrap())
        })
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: Option<&'a KeyContext>,
    ) -> BoxFuture<'a, Result<DataKey, KeyServiceError>> {
        Box::pin(async move {
            self.answer(&self.unwraps).await?;
            let wrapped = Bytes::copy_from_slice(wrapped);
            let opened = self.key.open_aes_gcm(wrapped, &associated(context));
            let opened =
                opened.map_err(|_| KeyServiceError::new(KeyFailure::Mismatch, "bad bytes"))?;
            Ok(DataKey::from_slice(&opened).unwrap())
        })
    }
}
