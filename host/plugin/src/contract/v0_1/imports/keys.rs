//! `keys` and `subkeys`: what the host's keys do for a plugin, within its grant.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use cloakroom_core::{CLAIM_PURPOSE, Error as HostError, ErrorKind, Key, KeyError, KeyRing};
use wasmtime::component::Resource;
use zeroize::Zeroize;

use crate::contract::v0_1::{
    bindings::cloakroom::plugin::{
        keys::{Host, Sealed},
        subkeys::{self, Subkey},
        types::Error,
    },
    not_granted,
};
use crate::{
    Grants,
    compute::long_work,
    instance::{
        fault::Fault,
        guest_log::visible,
        rope::Rope,
        state::{Call, State},
    },
};

/// What a seal adds at most.
const SEAL_OVERHEAD: usize = 128;

/// An id is cut here where it is shown.
const ID: usize = 64;

/// Messages that a key has sealed with plain AES-256-GCM. Labels: `ring`, `key`.
const MESSAGES: &str = "cloakroom_key_messages_total";

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
        let name = ring.clone();
        let seal = move |key: &dyn Key, rope: Rope| key.seal_aes_gcm(rope.parts(), &bound);
        let sealed = self.seal_by(ring, plaintext, seal).await?;
        if let Ok(Sealed { key, .. }) = &sealed {
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
        self.open_by(ring, id, sealed, move |key, bytes| key.open_aes_gcm(bytes, &bound)).await
    }
}

impl State {
    async fn seal_by<W>(&mut self, ring: String, input: Resource<Rope>, seal: W) -> Answer<Sealed>
    where
        W: FnOnce(&dyn Key, Rope) -> Result<Bytes, KeyError> + Send + 'static,
    {
        let input = self.buffer(&input)?.clone();
        let key = match self.ring(|grants| &grants.keys, &ring) {
            Ok(ring) => ring.current(),
            Err(error) => return Ok(Err(error)),
        };
        let id = key.id().to_owned();
        let sealed = self.work(&ring, &id, input.len(), move || seal(&*key, input)).await?;
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
        let found = self
            .ring(|grants| &grants.keys, &ring)
            .and_then(|granted| self.call.find_key(&granted, &ring, &id));
        let key = match found {
            Ok(key) => key,
            Err(error) => return Ok(Err(error)),
        };
        let (sealed, _hold) = self.join(&input).await?;
        self.work(&ring, &id, sealed.len(), move || open(&*key, sealed)).await
    }

    async fn work<W>(
        &mut self,
        ring: &str,
        id: &str,
        length: usize,
        work: W,
    ) -> Answer<Resource<Rope>>
    where
        W: FnOnce() -> Result<Bytes, KeyError> + Send + 'static,
    {
        let made = length.saturating_add(SEAL_OVERHEAD);
        self.meter.output(made)?;
        let hold = self.meter.hold(made)?.into();
        long_work::begin(length, &self.call.clock).await;
        match work() {
            Ok(bytes) => self.put_buffer(Rope::piece(bytes, hold)).map(Ok),
            Err(error) => Ok(Err(self.call.refuse(refused(ring, id, error)))),
        }
    }

    /// Returns a ring that was granted by this name.
    fn ring(
        &mut self,
        among: impl FnOnce(&Grants) -> &BTreeMap<String, Arc<dyn KeyRing>>,
        name: &str,
    ) -> Result<Arc<dyn KeyRing>, Error> {
        let granted = among(&self.scope.grants);
        match granted.get(name) {
            Some(ring) => Ok(ring.clone()),
            None => {
                let settings = &self.scope.settings;
                let error = not_granted("key ring", name, granted.keys(), settings);
                Err(self.call.refuse(error))
            }
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
        let ring = self.ring(|grants| &grants.subkeys, &name);
        let key = ring.and_then(|ring| match &id {
            Some(id) => self.call.find_key(&ring, &name, id),
            None => Ok(ring.current()),
        });
        Ok(key.and_then(|key| {
            let derived = derive(&*key, &purpose, &salt, length);
            derived.map_err(|error| self.call.refuse(refused(&name, key.id(), error)))
        }))
    }
}

fn derive(key: &dyn Key, purpose: &str, salt: &[u8], length: usize) -> Result<Subkey, KeyError> {
    // The keys of old claims' proofs were derived for it. A key of the program's own may not know.
    if purpose == CLAIM_PURPOSE {
        return Err(KeyError::Refused);
    }
    let mut bytes = vec![0; length];
    if let Err(error) = key.derive(purpose, salt, &mut bytes) {
        bytes.zeroize();
        return Err(error);
    }
    Ok(Subkey { id: key.id().to_owned(), bytes })
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
            let told = "no key of the ring has this payload's key id".to_owned();
            self.refuse_as(Error::NotFound(told), unknown(name, id))
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

fn exhausted(ring: &str, id: &str, messages: u64) -> HostError {
    let text = format!(
        "key `{}` of key ring `{ring}` has sealed {messages} messages with plain AES-256-GCM in this \
         process, and no more are allowed ([keys.{ring}] `max_messages_per_key`): add another key to \
         [keys.{ring}.material] and make it `current`",
        visible(id, ID)
    );
    HostError::new(ErrorKind::Denied, text)
}

/// Says which key did not do what it was asked: the guest's own words may not be shown.
fn refused(ring: &str, id: &str, error: KeyError) -> HostError {
    let kind = match error {
        KeyError::Exhausted { messages } => return exhausted(ring, id, messages),
        KeyError::Mismatch => ErrorKind::Malformed,
        _ => ErrorKind::Denied,
    };
    HostError::new(kind, format!("key `{}` of key ring `{ring}`: {error}", visible(id, ID)))
}
