//! Key service in the same process. It answers at once, so that what is measured is ours.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom::keys::{
    DataKey, Key as _, KeyContext, KeyFailure, KeyMaterial, KeyService, KeyServiceError, RingKey,
};
use futures::{FutureExt as _, future::BoxFuture};

/// Key service that wraps with AES-256-GCM.
pub(crate) struct Wrapping(RingKey);

impl Wrapping {
    pub(crate) fn shared() -> Arc<Self> {
        let key = KeyMaterial::new(cloakroom_tests::KEY);
        Arc::new(Self(RingKey::from_material("kek", &key).expect("a key")))
    }
}

impl KeyService for Wrapping {
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
        async move {
            let parts = [Bytes::copy_from_slice(key.bytes())];
            Ok(self.0.seal_aes_gcm(&parts, &associated(context)).expect("seals"))
        }
        .boxed()
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: Option<&'a KeyContext>,
    ) -> BoxFuture<'a, Result<DataKey, KeyServiceError>> {
        async move {
            let wrapped = Bytes::copy_from_slice(wrapped);
            let opened = self.0.open_aes_gcm(wrapped, &associated(context));
            let refuse = |_| KeyServiceError::new(KeyFailure::Mismatch, "another key");
            Ok(DataKey::from_slice(&opened.map_err(refuse)?).expect("32 bytes"))
        }
        .boxed()
    }
}

fn associated(context: Option<&KeyContext>) -> Vec<u8> {
    context.map_or_else(Vec::new, KeyContext::bytes)
}
