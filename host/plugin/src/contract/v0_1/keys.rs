//! `keys` and `subkeys`: what the host's keys do for a plugin, within its grant.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom_core::{Key, KeyError, KeyRing};
use wasmtime::component::Resource;
use zeroize::Zeroize;

use super::bindings::cloakroom::plugin::{
    keys::{Host, HostKey},
    subkeys::{self, Subkey},
    types::Error,
};
use crate::{
    fault::Fault,
    offload,
    rope::Rope,
    state::{KeyMark, State},
};

/// What a seal adds at most.
const SEAL_OVERHEAD: usize = 128;

/// What `subkeys.derive` gives, and takes as a salt, at most.
const DERIVED: usize = 64;

type Sealed = wasmtime::Result<Result<Resource<Rope>, Error>>;

impl Host for State {
    fn current(&mut self, name: String) -> wasmtime::Result<Result<Resource<KeyMark>, Error>> {
        match granted(self.scope.grants.keys.get(&name), &name) {
            Ok(ring) => self.put_key(ring.current()).map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }

    fn find(
        &mut self,
        name: String,
        id: String,
    ) -> wasmtime::Result<Result<Resource<KeyMark>, Error>> {
        match granted(self.scope.grants.keys.get(&name), &name).and_then(|ring| find(ring, &id)) {
            Ok(key) => self.put_key(key).map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }
}

impl HostKey for State {
    fn id(&mut self, key: Resource<KeyMark>) -> wasmtime::Result<String> {
        Ok(self.key(&key)?.id().to_owned())
    }

    async fn seal(
        &mut self,
        key: Resource<KeyMark>,
        plaintext: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Sealed {
        self.work(key, plaintext, move |key, rope| key.seal(rope.parts(), &bound)).await
    }

    async fn open(
        &mut self,
        key: Resource<KeyMark>,
        sealed: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Sealed {
        self.work(key, sealed, move |key, rope| key.open(rope.into_bytes(), &bound)).await
    }

    async fn seal_aes_gcm(
        &mut self,
        key: Resource<KeyMark>,
        plaintext: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Sealed {
        self.work(key, plaintext, move |key, rope| key.seal_aes_gcm(rope.parts(), &bound)).await
    }

    async fn open_aes_gcm(
        &mut self,
        key: Resource<KeyMark>,
        sealed: Resource<Rope>,
        bound: Vec<u8>,
    ) -> Sealed {
        self.work(key, sealed, move |key, rope| key.open_aes_gcm(rope.into_bytes(), &bound)).await
    }

    fn drop(&mut self, key: Resource<KeyMark>) -> wasmtime::Result<()> {
        self.discard(key.rep())
    }
}

impl State {
    async fn work<W>(&mut self, key: Resource<KeyMark>, input: Resource<Rope>, work: W) -> Sealed
    where
        W: FnOnce(Arc<dyn Key>, Rope) -> Result<Bytes, KeyError> + Send + 'static,
    {
        let key = self.key(&key)?.clone();
        let input = self.take_buffer(input)?;
        self.meter.output(input.len().saturating_add(SEAL_OVERHEAD))?;
        let deadline = self.call.deadline;
        match offload::run(input.len(), deadline, move || Ok(work(key, input))).await? {
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
