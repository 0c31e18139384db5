//! `keys`, the imported interface: sealing and opening with the host's keys, within the grant.

use std::iter;

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
    grants::granted_rings::{OpeningRing, OpeningRings},
    instance::{held_memory::SharedReservation, rope::Rope, state::InstanceState},
};

/// Most bytes that sealing adds.
const SEAL_OVERHEAD: usize = 128;

/// Way of sealing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sealing {
    Boxed,
    Repeatable,
    AesGcm,
}

/// Way of opening.
#[derive(Clone, Copy)]
enum Opening {
    Boxed,
    AesGcm,
}

impl Sealing {
    /// Returns the name of the function that seals so.
    fn name(self) -> &'static str {
        match self {
            Self::Boxed => "keys.seal",
            Self::Repeatable => "keys.seal-repeatably",
            Self::AesGcm => "keys.seal-aes-gcm",
        }
    }

    fn seal(self, key: &dyn Key, parts: &[Bytes], bound: &[u8]) -> Result<Bytes, KeyError> {
        match self {
            Self::Boxed => key.seal(parts, bound),
            Self::Repeatable => key.seal_repeatably(parts, bound),
            Self::AesGcm => key.seal_aes_gcm(parts, bound),
        }
    }
}

impl Opening {
    /// Returns the name of the function that opens so.
    fn name(self) -> &'static str {
        match self {
            Self::Boxed => "keys.open",
            Self::AesGcm => "keys.open-aes-gcm",
        }
    }

    fn open(self, key: &dyn Key, sealed: Bytes, bound: &[u8]) -> Result<Bytes, KeyError> {
        match self {
            Self::Boxed => key.open(sealed, bound),
            Self::AesGcm => key.open_aes_gcm(sealed, bound),
        }
    }
}

type Answer<T> = wasmtime::Result<Result<T, Error>>;

// Each returns the one future that does the work: a future that awaits another is larger, and is moved.
impl Host for InstanceState {
    fn seal(
        &mut self,
        ring: String,
        plaintext: Resource<Rope>,
        bound: Vec<u8>,
    ) -> impl Future<Output = Answer<Sealed>> + Send {
        self.seal_with(Sealing::Boxed, ring, plaintext, bound)
    }

    fn seal_repeatably(
        &mut self,
        ring: String,
        plaintext: Resource<Rope>,
        bound: Vec<u8>,
    ) -> impl Future<Output = Answer<Sealed>> + Send {
        self.seal_with(Sealing::Repeatable, ring, plaintext, bound)
    }

    fn open(
        &mut self,
        ring: String,
        id: String,
        sealed: Resource<Rope>,
        bound: Vec<u8>,
    ) -> impl Future<Output = Answer<Resource<Rope>>> + Send {
        self.open_with(Opening::Boxed, ring, id, sealed, bound)
    }

    fn seal_aes_gcm(
        &mut self,
        ring: String,
        plaintext: Resource<Rope>,
        bound: Vec<u8>,
    ) -> impl Future<Output = Answer<Sealed>> + Send {
        self.seal_with(Sealing::AesGcm, ring, plaintext, bound)
    }

    fn open_aes_gcm(
        &mut self,
        ring: String,
        id: String,
        sealed: Resource<Rope>,
        bound: Vec<u8>,
    ) -> impl Future<Output = Answer<Resource<Rope>>> + Send {
        self.open_with(Opening::AesGcm, ring, id, sealed, bound)
    }
}

impl InstanceState {
    async fn seal_with(
        &mut self,
        way: Sealing,
        ring: String,
        input: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Answer<Sealed> {
        let length = self.buffer(&input)?.len();
        let mut call = self.host_call(way.name(), length);
        let config = self.config.clone();
        let granted = &config.grants.keys;
        let Some(ring) = granted.sealing(&self.call.ctx, &ring) else {
            return Ok(Err(self.refuse_ring(granted, &ring)));
        };
        // Looked up once: the ring may get another current key meanwhile, and id and key must be of one.
        let key = match way {
            // Under a key that changes by the clock, the same would not give the same.
            Sealing::Repeatable => self.call.lasting_key(ring).await,
            Sealing::Boxed | Sealing::AesGcm => self.call.current_key(ring).await,
        };
        let key = match key {
            Ok(key) => key,
            Err(error) => return Ok(Err(error)),
        };
        let size = self.count_result(length)?;
        let reservation = self.reserve_result(size)?;
        large_work::yield_before_processing(size, &self.call.clock).await;
        let sealed = way.seal(&*key, self.buffer(&input)?.parts(), &bound);
        let sealed = match sealed {
            Ok(sealed) => self.put_buffer(Rope::piece(sealed, reservation))?,
            Err(error) => {
                return Ok(Err(self.call.refuse(key_lookup::failed(ring, key.id(), error))));
            }
        };
        call.returns(size);
        if way == Sealing::AesGcm {
            config.key_messages.count(&ring.name, key.id());
        }
        Ok(Ok(Sealed { key: key.id().to_owned(), data: sealed }))
    }

    /// Opens with the first ring that has the key. A key's id is only a name, which two rings may give to
    /// different keys: if the payload does not open, the next ring is tried.
    async fn open_with(
        &mut self,
        way: Opening,
        ring: String,
        id: String,
        input: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Answer<Resource<Rope>> {
        let (config, ctx) = (self.config.clone(), self.call.ctx.clone());
        let granted = &config.grants.keys;
        let Some(OpeningRings { first, others }) = granted.opening(&ctx, &ring) else {
            return Ok(Err(self.refuse_ring(granted, &ring)));
        };
        // The reservation stays until the operation has read the bytes.
        let (sealed, _reservation) = self.join(&input).await?;
        let mut call = self.host_call(way.name(), sealed.len());
        let size = self.count_result(sealed.len())?;
        // The first failure is about the ring that most likely sealed it.
        let mut failure = None;
        for OpeningRing { ring, namespace } in iter::once(&first).chain(&others) {
            let key = match self.call.find_key(ring, &id, *namespace).await {
                Ok(Some(key)) => key,
                Ok(None) => continue,
                Err(error) => return Ok(Err(error)),
            };
            let reservation = self.reserve_result(size)?;
            large_work::yield_before_processing(size, &self.call.clock).await;
            match way.open(&*key, sealed.clone(), &bound) {
                Ok(opened) => {
                    call.returns(size);
                    return self.put_buffer(Rope::piece(opened, reservation)).map(Ok);
                }
                Err(error) => {
                    failure = failure.or_else(|| Some(key_lookup::failed(ring, &id, error)));
                }
            }
        }
        Ok(Err(match failure {
            Some(failure) => self.call.refuse(failure),
            None => self.refuse_unknown_key(first.ring, &id),
        }))
    }

    /// Counts the result of a key's operation on `length` bytes, and returns its size.
    fn count_result(&mut self, length: usize) -> wasmtime::Result<usize> {
        let size = length.saturating_add(SEAL_OVERHEAD);
        self.meter.count_output(size)?;
        Ok(size)
    }

    /// Reserves the memory of a result of at most `size` bytes. A key's operation allocates all of its output
    /// at once.
    fn reserve_result(&mut self, size: usize) -> wasmtime::Result<SharedReservation> {
        Ok(self.meter.reserve_piece(size)?)
    }
}
