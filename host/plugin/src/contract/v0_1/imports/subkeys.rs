//! `subkeys`, the imported interface: bytes derived from the host's keys, within the grant.

use cloakroom_core::{CLAIM_PURPOSE, Key, KeyError, PAGE_PURPOSE};
use zeroize::Zeroize;

use super::key_lookup;
use crate::{
    contract::v0_1::bindings::cloakroom::plugin::{
        subkeys::{Host, Subkey},
        types::Error,
    },
    instance::{fault::Fault, state::InstanceState},
};

/// Most bytes of a subkey, and of a salt.
const LIMIT: usize = 64;

impl Host for InstanceState {
    async fn derive(
        &mut self,
        name: String,
        id: Option<String>,
        purpose: String,
        salt: Vec<u8>,
        length: u32,
    ) -> wasmtime::Result<Result<Subkey, Error>> {
        let length = length as usize;
        if length > LIMIT || salt.len() > LIMIT {
            return Fault::Protocol("asked for a subkey, or with a salt, of over 64 bytes").trap();
        }
        let key = match (self.ring(|grants| &grants.subkeys, &name), &id) {
            (Ok(ring), Some(id)) => self.call.find_key(&ring, &name, id).await,
            (Ok(ring), None) => self.call.current_key(&ring, &name).await,
            (Err(error), _) => Err(error),
        };
        Ok(key.and_then(|key| {
            let derived = derive(&*key, &purpose, &salt, length);
            derived.map_err(|error| self.call.refuse(key_lookup::failed(&name, key.id(), error)))
        }))
    }
}

fn derive(key: &dyn Key, purpose: &str, salt: &[u8], length: usize) -> Result<Subkey, KeyError> {
    // The host derives the keys of claims' proofs and the codes of page tokens for these purposes: a
    // plugin that had them could forge both. Our keys refuse the first themselves, and a key of an
    // embedder's program may not.
    if [CLAIM_PURPOSE, PAGE_PURPOSE].contains(&purpose) {
        return Err(KeyError::Refused);
    }
    let mut bytes = vec![0; length];
    if let Err(error) = key.derive(purpose, salt, &mut bytes) {
        bytes.zeroize();
        return Err(error);
    }
    Ok(Subkey { id: key.id().to_owned(), bytes })
}
