//! Key service of benchmarks: AES-256-GCM under a key of its own, after a pause.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
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

/// Key service that takes some time for each request.
pub struct Kek {
    key: RingKey,
    time: Duration,
    wraps: AtomicUsize,
    unwraps: AtomicUsize,
}

impl Kek {
    /// Makes a service that takes `time` for each request.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "the key is a constant")]
    pub fn new(time: Duration) -> Arc<Self> {
        let material = KeyMaterial::new(*b"a key that every test may know!!");
        let key = RingKey::from_material("kek", &material).expect("a key");
        Arc::new(Self { key, time, wraps: AtomicUsize::default(), unwraps: AtomicUsize::default() })
    }

    /// Takes the time of a request, which is what is measured: there is nothing to wait for.
    async fn pause(&self) {
        if !self.time.is_zero() {
            tokio::time::sleep(self.time).await;
        }
    }

    /// Number of data keys that were wrapped.
    #[must_use]
    pub fn wraps(&self) -> usize {
        self.wraps.load(Relaxed)
    }

    /// Number of data keys that were unwrapped.
    #[must_use]
    pub fn unwraps(&self) -> usize {
        self.unwraps.load(Relaxed)
    }
}

fn associated(context: Option<&KeyContext>) -> Vec<u8> {
    context.map_or_else(Vec::new, KeyContext::bytes)
}

fn failed() -> KeyServiceError {
    KeyServiceError::new(KeyFailure::Mismatch, "not a wrapped key")
}

impl KeyService for Kek {
    fn uri(&self) -> &str {
        "bench://kek"
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
            self.pause().await;
            self.wraps.fetch_add(1, Relaxed);
            let parts = [Bytes::copy_from_slice(key.bytes())];
            self.key.seal_aes_gcm(&parts, &associated(context)).map_err(|_| failed())
        })
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: Option<&'a KeyContext>,
    ) -> BoxFuture<'a, Result<DataKey, KeyServiceError>> {
        Box::pin(async move {
            self.pause().await;
            self.unwraps.fetch_add(1, Relaxed);
            let wrapped = Bytes::copy_from_slice(wrapped);
            let opened = self.key.open_aes_gcm(wrapped, &associated(context));
            DataKey::from_slice(&opened.map_err(|_| failed())?).ok_or_else(failed)
        })
    }
}
