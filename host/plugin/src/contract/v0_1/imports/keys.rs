//! `keys`, the imported interface: sealing and opening with the host's keys, within the grant.

use std::{iter, sync::Arc};

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
    grants::granted_rings::{NamedRing, OpeningRing, OpeningRings},
    instance::{held_memory::SharedReservation, rope::Rope, state::InstanceState},
};

/// Most bytes that sealing adds.
const SEAL_OVERHEAD: usize = 128;

/// Kind of key that seals: one that lasts, or the current one.
#[derive(Clone, Copy)]
enum Lasts {
    No,
    Yes,
}

/// Sealed bytes, and the ring that the key is from.
struct SealedIn {
    sealed: Sealed,
    ring: NamedRing,
}

impl SealedIn {
    fn into_sealed(self) -> Sealed {
        self.sealed
    }
}

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl Host for InstanceState {
    async fn seal(
        &mut self,
        ring: String,
        plaintext: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Answer<Sealed> {
        let seal = move |key: &dyn Key, rope: &Rope| key.seal(rope.parts(), &bound);
        let sealed = self.seal_with("keys.seal", Lasts::No, ring, plaintext, seal).await?;
        Ok(sealed.map(SealedIn::into_sealed))
    }

    async fn seal_repeatably(
        &mut self,
        ring: String,
        plaintext: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Answer<Sealed> {
        let seal = move |key: &dyn Key, rope: &Rope| key.seal_repeatably(rope.parts(), &bound);
        // Under a key that changes by the clock, the same would not give the same.
        let sealed =
            self.seal_with("keys.seal-repeatably", Lasts::Yes, ring, plaintext, seal).await?;
        Ok(sealed.map(SealedIn::into_sealed))
    }

    async fn open(
        &mut self,
        ring: String,
        id: String,
        sealed: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Answer<Resource<Rope>> {
        let open = move |key: &dyn Key, bytes| key.open(bytes, &bound);
        self.open_with("keys.open", ring, id, sealed, open).await
    }

    async fn seal_aes_gcm(
        &mut self,
        ring: String,
        plaintext: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Answer<Sealed> {
        let seal = move |key: &dyn Key, rope: &Rope| key.seal_aes_gcm(rope.parts(), &bound);
        let sealed = self.seal_with("keys.seal-aes-gcm", Lasts::No, ring, plaintext, seal).await?;
        if let Ok(SealedIn { sealed, ring }) = &sealed {
            self.config.key_messages.count(&ring.name, &sealed.key);
        }
        Ok(sealed.map(SealedIn::into_sealed))
    }

    async fn open_aes_gcm(
        &mut self,
        ring: String,
        id: String,
        sealed: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Answer<Resource<Rope>> {
        let open = move |key: &dyn Key, bytes| key.open_aes_gcm(bytes, &bound);
        self.open_with("keys.open-aes-gcm", ring, id, sealed, open).await
    }
}

impl InstanceState {
    async fn seal_with<W>(
        &mut self,
        name: &'static str,
        lasts: Lasts,
        ring: String,
        input: Resource<Rope>,
        seal: W,
    ) -> Answer<SealedIn>
    where
        W: FnOnce(&dyn Key, &Rope) -> Result<Bytes, KeyError> + Send,
    {
        let length = self.buffer(&input)?.len();
        let mut call = self.host_call(name, length);
        let ring = match self.sealing_ring(|grants| &grants.keys, &ring) {
            Ok(ring) => ring,
            Err(error) => return Ok(Err(error)),
        };
        // Looked up once: the ring may get another current key meanwhile, and id and key must be of one.
        let key = match self.sealing_key(lasts, &ring).await {
            Ok(key) => key,
            Err(error) => return Ok(Err(error)),
        };
        let id = key.id().to_owned();
        let size = self.count_result(length)?;
        let reservation = self.reserve_result(size).await?;
        let sealed = seal(&*key, self.buffer(&input)?);
        match self.put_result(sealed, reservation)? {
            Ok(data) => {
                call.returns(size);
                Ok(Ok(SealedIn { sealed: Sealed { key: id, data }, ring }))
            }
            Err(error) => Ok(Err(self.call.refuse(key_lookup::failed(&ring, &id, error)))),
        }
    }

    async fn sealing_key(&mut self, lasts: Lasts, ring: &NamedRing) -> Result<Arc<dyn Key>, Error> {
        match lasts {
            Lasts::No => self.call.current_key(ring).await,
            Lasts::Yes => self.call.lasting_key(ring).await,
        }
    }

    /// Opens with the first ring that has the key. A key's id is only a name, which two rings may give to
    /// different keys: if the payload does not open, the next ring is tried.
    async fn open_with<W>(
        &mut self,
        name: &'static str,
        ring: String,
        id: String,
        input: Resource<Rope>,
        open: W,
    ) -> Answer<Resource<Rope>>
    where
        W: Fn(&dyn Key, Bytes) -> Result<Bytes, KeyError> + Send + Sync,
    {
        let OpeningRings { first, others } = match self.opening_rings(|grants| &grants.keys, &ring)
        {
            Ok(rings) => rings,
            Err(error) => return Ok(Err(error)),
        };
        // The reservation stays until the operation has read the bytes.
        let (sealed, _reservation) = self.join(&input).await?;
        let mut call = self.host_call(name, sealed.len());
        let size = self.count_result(sealed.len())?;
        // The first failure is about the ring that most likely sealed it.
        let mut failure = None;
        for OpeningRing { ring, namespace } in iter::once(&first).chain(&others) {
            let key = match self.call.find_key(ring, &id, namespace.as_deref()).await {
                Ok(Some(key)) => key,
                Ok(None) => continue,
                Err(error) => return Ok(Err(error)),
            };
            let reservation = self.reserve_result(size).await?;
            match self.put_result(open(&*key, sealed.clone()), reservation)? {
                Ok(opened) => {
                    call.returns(size);
                    return Ok(Ok(opened));
                }
                Err(error) => {
                    failure = failure.or_else(|| Some(key_lookup::failed(ring, &id, error)));
                }
            }
        }
        Ok(Err(match failure {
            Some(failure) => self.call.refuse(failure),
            None => self.refuse_unknown_key(&first.ring, &id),
        }))
    }

    /// Counts the result of a key's operation on `length` bytes, and returns its size.
    fn count_result(&mut self, length: usize) -> wasmtime::Result<usize> {
        let size = length.saturating_add(SEAL_OVERHEAD);
        self.meter.count_output(size)?;
        Ok(size)
    }

    /// Reserves the memory of a result of at most `size` bytes, and prepares to make it. A key's operation
    /// allocates all of its output at once.
    async fn reserve_result(&mut self, size: usize) -> wasmtime::Result<SharedReservation> {
        let reservation = self.meter.reserve(size)?.into();
        large_work::yield_before_processing(size, &self.call.clock).await;
        Ok(reservation)
    }

    /// Returns the result of a key's operation as a buffer.
    fn put_result(
        &mut self,
        result: Result<Bytes, KeyError>,
        reservation: SharedReservation,
    ) -> wasmtime::Result<Result<Resource<Rope>, KeyError>> {
        match result {
            Ok(bytes) => self.put_buffer(Rope::piece(bytes, reservation)).map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }
}
