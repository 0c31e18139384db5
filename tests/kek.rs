//! Key service of tests and benchmarks: AES-256-GCM under a key that Python has too.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cloakroom::{
    BoxFuture,
    keys::{
        DataKey, Key as _, KeyContext, KeyFailure, KeyMaterial, KeyService, KeyServiceError,
        RingKey,
    },
};

/// Key service that fails on demand, and takes some time for each request.
pub struct Kek {
    key: RingKey,
    time: Duration,
    fault: Mutex<Option<KeyFailure>>,
    wraps: AtomicUsize,
    unwraps: AtomicUsize,
}

impl Kek {
    /// Makes a service that takes no time.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Self::taking(Duration::ZERO)
    }

    /// Makes a service that takes `time` for each request.
    #[must_use]
    pub fn taking(time: Duration) -> Arc<Self> {
        Arc::new(Self {
            key: RingKey::from_material("kek", &KeyMaterial::new(crate::KEY)).expect("a key"),
            time,
            fault: Mutex::new(None),
            wraps: AtomicUsize::new(0),
            unwraps: AtomicUsize::new(0),
        })
    }

    /// Sets how requests fail from now on.
    pub fn fail(&self, fault: Option<KeyFailure>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Returns how many data keys were to be wrapped, and how many unwrapped.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.wraps.load(SeqCst), self.unwraps.load(SeqCst))
    }

    async fn answer(&self, count: &AtomicUsize) -> Result<(), KeyServiceError> {
        count.fetch_add(1, SeqCst);
        if self.time.is_zero() {
            // Answers later, as a service does.
            tokio::task::yield_now().await;
        } else {
            // The time is what a benchmark measures: there is nothing to wait for.
            tokio::time::sleep(self.time).await;
        }
        let fault = *self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        fault.map_or(Ok(()), |fault| Err(KeyServiceError::new(fault, "the test says so")))
    }
}

fn associated(context: Option<&KeyContext>) -> Vec<u8> {
    context.map_or_else(Vec::new, KeyContext::bytes)
}

fn bad_bytes() -> KeyServiceError {
    KeyServiceError::new(KeyFailure::Mismatch, "bad bytes")
}

impl KeyService for Kek {
    fn uri(&self) -> &str {
        "test://kek"
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
            self.key.seal_aes_gcm(&parts, &associated(context)).map_err(|_| bad_bytes())
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
            DataKey::from_slice(&opened.map_err(|_| bad_bytes())?).ok_or_else(bad_bytes)
        })
    }
}
