//! `keys` and `subkeys`: what the host's keys do for a plugin, within its grant.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom_core::{Error as HostError, ErrorKind, Key, KeyError, KeyRing};
use wasmtime::component::Resource;
use zeroize::Zeroize;

use super::bindings::cloakroom::plugin::{
    keys::{Host, Sealed},
    subkeys::{self, Subkey},
    types::Error,
};
use crate::{
    fault::Fault,
    log::visible,
    long,
    rope::Rope,
    state::{Call, State},
};

/// What a seal adds at most.
const SEAL_OVERHEAD: usize = 128;

/// An id is cut here where it is shown.
const ID: usize = 64;

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
        let found = granted(self.scope.grants.keys.get(&ring), &ring)
            .and_then(|granted| self.call.find_key(granted, &ring, &id));
        match found {
            Ok(key) => {
                let (sealed, _hold) = self.join(&input).await?;
                self.work(sealed.len(), move || open(&*key, sealed)).await
            }
            Err(error) => Ok(Err(error)),
        }
    }

    async fn work<W>(&mut self, length: usize, work: W) -> Answer<Resource<Rope>>
    where
        W: FnOnce() -> Result<Bytes, KeyError> + Send + 'static,
    {
        let made = length.saturating_add(SEAL_OVERHEAD);
        self.meter.output(made)?;
        let hold = self.meter.hold(made)?.into();
        long::begin(length, &self.call.clock).await;
        match work() {
            Ok(bytes) => self.put_buffer(Rope::piece(bytes, hold)).map(Ok),
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
        let ring = granted(self.scope.grants.subkeys.get(&name), &name);
        let key = ring.and_then(|ring| match &id {
            Some(id) => self.call.find_key(ring, &name, id),
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

impl Call {
    /// Returns a key of a ring. Without one the guest learns that there is none, and the operator
    /// which: the contract has no case for it.
    fn find_key(
        &mut self,
        ring: &Arc<dyn KeyRing>,
        name: &str,
        id: &str,
    ) -> Result<Arc<dyn Key>, Error> {
        ring.find(id).ok_or_else(|| {
            self.cause = Some(unknown(name, id));
            Error::NotFound("no key of the ring has this payload's key id".to_owned())
        })
    }
}

/// The id stands in the clear beside the payload, and may be any text.
fn unknown(ring: &str, id: &str) -> HostError {
    let id = visible(id, ID);
    let text = format!(
        "the payload is sealed under key `{id}`, which is not in key ring `{ring}`: \
         add it to [keys.{ring}.material], or restore it"
    );
    HostError::new(ErrorKind::UnknownKey, text)
}

fn refused(error: KeyError) -> Error {
    match error {
        KeyError::Mismatch => Error::Malformed(error.to_string()),
        _ => Error::Denied(error.to_string()),
    }
}
