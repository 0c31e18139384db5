//! `keys`, the imported interface: sealing and opening with the host's keys, within the grant.

use bytes::Bytes;
use cloakroom_core::{Key, KeyError};
use wasmtime::component::Resource;

use super::key_lookup;
use crate::{
    compute::large_work,
    contract::v0_1::bindings::cloakroom::plugin::{
        keys::{Host, Sealed},
        types::Error,
    },
    instance::{rope::Rope, state::InstanceState},
};

/// Most bytes that sealing adds.
const SEAL_OVERHEAD: usize = 128;

/// Metric of messages that a key has sealed with plain AES-256-GCM. Labels: `ring`, `key`.
const MESSAGES: &str = "cloakroom_key_messages_total";

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl Host for InstanceState {
    async fn seal(
        &mut self,
        ring: String,
        plaintext: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Answer<Sealed> {
        self.seal_with(ring, plaintext, move |key, rope| key.seal(rope.parts(), &bound)).await
    }

    async fn seal_repeatably(
        &mut self,
        ring: String,
        plaintext: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Answer<Sealed> {
        self.seal_with(ring, plaintext, move |key, rope| key.seal_repeatably(rope.parts(), &bound))
            .await
    }

    async fn open(
        &mut self,
        ring: String,
        id: String,
        sealed: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Answer<Resource<Rope>> {
        self.open_with(ring, id, sealed, move |key, bytes| key.open(bytes, &bound)).await
    }

    async fn seal_aes_gcm(
        &mut self,
        ring: String,
        plaintext: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Answer<Sealed> {
        let name = ring.clone();
        let seal = move |key: &dyn Key, rope: Rope| key.seal_aes_gcm(rope.parts(), &bound);
        let sealed = self.seal_with(ring, plaintext, seal).await?;
        if let Ok(Sealed { key, .. }) = &sealed {
            // Plain AES-GCM draws nonces of 96 bits at random, so a key is safe for a number of messages only.
            // Operators watch how close each key is.
            metrics::counter!(MESSAGES, "ring" => name, "key" => key.clone()).increment(1);
        }
        Ok(sealed)
    }

    async fn open_aes_gcm(
        &mut self,
        ring: String,
        id: String,
        sealed: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Answer<Resource<Rope>> {
        self.open_with(ring, id, sealed, move |key, bytes| key.open_aes_gcm(bytes, &bound)).await
    }
}

impl InstanceState {
    async fn seal_with<W>(&mut self, ring: String, input: Resource<Rope>, seal: W) -> Answer<Sealed>
    where
        W: FnOnce(&dyn Key, Rope) -> Result<Bytes, KeyError> + Send + 'static,
    {
        let input = self.buffer(&input)?.clone();
        // Looked up once: the ring may get another current key meanwhile, and id and key must be of one.
        let found = match self.ring(|grants| &grants.keys, &ring) {
            Ok(granted) => self.call.current_key(&granted, &ring).await,
            Err(error) => Err(error),
        };
        let key = match found {
            Ok(key) => key,
            Err(error) => return Ok(Err(error)),
        };
        let id = key.id().to_owned();
        let sealed = self.transform(&ring, &id, input.len(), move || seal(&*key, input)).await?;
        Ok(sealed.map(|data| Sealed { key: id, data }))
    }

    async fn open_with<W>(
        &mut self,
        ring: String,
        id: String,
        input: Resource<Rope>,
        open: W,
    ) -> Answer<Resource<Rope>>
    where
        W: FnOnce(&dyn Key, Bytes) -> Result<Bytes, KeyError> + Send + 'static,
    {
        let found = match self.ring(|grants| &grants.keys, &ring) {
            Ok(granted) => self.call.find_key(&granted, &ring, &id).await,
            Err(error) => Err(error),
        };
        let key = match found {
            Ok(key) => key,
            Err(error) => return Ok(Err(error)),
        };
        // The reservation stays until the operation has read the bytes.
        let (sealed, _reservation) = self.join(&input).await?;
        self.transform(&ring, &id, sealed.len(), move || open(&*key, sealed)).await
    }

    /// Runs a key's operation on `length` bytes, and returns its result as a buffer.
    async fn transform<W>(
        &mut self,
        ring: &str,
        id: &str,
        length: usize,
        operation: W,
    ) -> Answer<Resource<Rope>>
    where
        W: FnOnce() -> Result<Bytes, KeyError> + Send + 'static,
    {
        // Before the operation, which allocates all of its output at once.
        let size = length.saturating_add(SEAL_OVERHEAD);
        self.meter.count_output(size)?;
        let reservation = self.meter.reserve(size)?.into();
        large_work::yield_before_processing(length, &self.call.clock).await;
        match operation() {
            Ok(bytes) => self.put_buffer(Rope::piece(bytes, reservation)).map(Ok),
            Err(error) => Ok(Err(self.call.refuse(key_lookup::failed(ring, id, error)))),
        }
    }
}
