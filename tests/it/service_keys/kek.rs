//! Key service of the tests: AES-256-GCM under a key that Python has too.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use bytes::Bytes;
use cloakroom::{
    BoxFuture,
    keys::{
        DataKey, Key as _, KeyContext, KeyFailure, KeyMaterial, KeyService, KeyServiceError,
        RingKey,
    },
};
use cloakroom_tests::KEY;

/// Key service of the tests.
pub(super) struct Kek {
    key: RingKey,
    pub(super) fault: Mutex<Option<KeyFailure>>,
    pub(super) wraps: AtomicUsize,
    pub(super) unwraps: AtomicUsize,
}

impl Kek {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            key: RingKey::from_material("kek", &KeyMaterial::new(KEY)).unwrap(),
            fault: Mutex::new(None),
            wraps: AtomicUsize::new(0),
            unwraps: AtomicUsize::new(0),
        })
    }

    pub(super) fn counts(&self) -> (usize, usize) {
        (self.wraps.load(SeqCst), self.unwraps.load(SeqCst))
    }

    async fn answer(&self, count: &AtomicUsize) -> Result<(), KeyServiceError> {
        count.fetch_add(1, SeqCst);
        // Answers later, as a service does.
        tokio::task::yield_now().await;
        let fault = *self.fault.lock().unwrap();
        fault.map_or(Ok(()), |fault| Err(KeyServiceError::new(fault, "the test says so")))
    }
}

fn associated(context: Option<&KeyContext>) -> Vec<u8> {
    context.map_or_else(Vec::new, KeyContext::bytes)
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
