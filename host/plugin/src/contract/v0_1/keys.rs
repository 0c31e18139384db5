//! `keys` and `subkeys`: what the host's keys do for a plugin, within its grant.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom_core::{Key, KeyError, KeyRing};
use wasmtime::component::Resource;
use zeroize::Zeroize;

use super::bindings::cloakroom::plugin::{
    keys::{Host, Sealed},
    subkeys::{self, Subkey},
    types::Error,
};
use crate::{fault::Fault, long, rope::Rope, state::State};

/// What a seal adds at most.
const SEAL_OVERHEAD: usize = 128;

/// What `subkeys.derive` gives, and takes as a salt, at most.
const DERIVED: usize = 64;

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl Host for State {
    async fn seal(
        &mut self,
        ring: String,
        plaintext: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Answer<Sealed> {
        self.seal_by(ring, plaintext, move |key, rope| key.seal(rope.parts(), &bound)).await
    }

    async fn seal_repeatably(
        &mut self,
        ring: String,
        plaintext: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Answer<Sealed> {
        self.seal_by(ring, plaintext, move |key, rope| key.seal_repeatably(rope.parts(), &bound))
            .await
    }

    async fn open(
        &mut self,
        ring: String,
        id: String,
        sealed: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Answer<Resource<Rope>> {
        self.open_by(ring, id, sealed, move |key, bytes| key.open(bytes, &bound)).await
    }

    async fn seal_aes_gcm(
        &mut self,
        ring: String,
        plaintext: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Answer<Sealed> {
        self.seal_by(ring, plaintext, move |key, rope| key.seal_aes_gcm(rope.parts(), &bound)).await
    }

    async fn open_aes_gcm(
        &mut self,
        ring: String,
        id: String,
        sealed: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Answer<Resource<Rope>> {
        self.open_by(ring, id, sealed, move |key, bytes| key.open_aes_gcm(bytes, &bound)).await
    }
}

impl State {
    async fn seal_by<W>(&mut self, ring: String, input: Resource<Rope>, seal: W) -> Answer<Sealed>
    where
        W: FnOnce(&dyn Key, Rope) -> Result<Bytes, KeyError> + Send + 'static,
    {
        let input = self.buffer(&input)?.clone();
        let key = match granted(self.scope.grants.keys.get(&ring), &ring) {
            Ok(ring) => ring.current(),
            Err(error) => return Ok(Err(error)),
        };
        let id = key.id().to_owned();
        let sealed = self.work(input.len(), move || seal(&*key, input)).await?;
        Ok(sealed.map(|data| Sealed { key: id, data }))
    }

    async fn open_by<W>(
        &mut self,
        ring: String,
        id: String,
        input: Resource<Rope>,
        open: W,
    ) -> Answer<Resource<Rope>>
    where
        W: FnOnce(&dyn Key, Bytes) -> Result<Bytes, KeyError> + Send + 'static,
    {
        let input = self.buffer(&input)?.clone();
        let ring = granted(self.scope.grants.keys.get(&ring), &ring);
        match ring.and_then(|ring| find(ring, &id)) {
            Ok(key) => self.work(input.len(), move || open(&*key, input.into_bytes())).await,
            Err(error) => Ok(Err(error)),
        }
    }

    async fn work<W>(&mut self, length: usize, work: W) -> Answer<Resource<Rope>>
    where
        W: FnOnce() -> Result<Bytes, KeyError> + Send + 'static,
    {
        self.meter.output(length.saturating_add(SEAL_OVERHEAD))?;
        long::begin(length, &self.call.clock).await;
        match work() {
            Ok(bytes) => self.put_buffer(bytes.into()).map(Ok),
            Err(error) => Ok(Err(refused(error))),
        }
    }
}

impl subkeys::Host for State {
    fn derive(
        &mut self,
        name: String,
        id: Option<String>,
        purpose: String,
        salt: Vec<u8>,
        length: u32,
    ) -> wasmtime::Result<Result<Subkey, Error>> {
        let length = length as usize;
        if DERIVED < length || DERIVED < salt.len() {
            return Fault::Protocol("asked for a subkey, or with a salt, of over 64 bytes").trap();
        }
        let key = granted(self.scope.grants.subkeys.get(&name), &name).and_then(|ring| match &id {
            Some(id) => find(ring, id),
            None => Ok(ring.current()),
        });
        Ok(key.and_then(|key| derive(&*key, &purpose, &salt, length)))
    }
}

fn derive(key: &dyn Key, purpose: &str, salt: &[u8], length: usize) -> Result<Subkey, Error> {
    let mut bytes = vec![0; length];
    if let Err(error) = key.derive(purpose, salt, &mut bytes) {
        bytes.zeroize();
        return Err(refused(error));
    }
    Ok(Subkey { id: key.id().to_owned(), bytes })
}

fn granted<'a>(
    ring: Option<&'a Arc<dyn KeyRing>>,
    name: &str,
) -> Result<&'a Arc<dyn KeyRing>, Error> {
    ring.ok_or_else(|| Error::Denied(format!("key ring `{name}` was not granted to this plugin")))
}

fn find(ring: &Arc<dyn KeyRing>, id: &str) -> Result<Arc<dyn Key>, Error> {
    ring.find(id)
        .ok_or_else(|| Error::NotFound("no key of the ring has this payload's key id".to_owned()))
}

fn refused(error: KeyError) -> Error {
    match error {
        KeyError::Mismatch => Error::Malformed(error.to_string()),
        _ => Error::Denied(error.to_string()),
    }
}
