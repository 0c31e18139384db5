//! `subkeys`, the imported interface: bytes derived from the host's keys, within the grant.

use std::{iter, sync::Arc};

use cloakroom_core::{CLAIM_PURPOSE, Context, Key, KeyError, PAGE_PURPOSE};
use zeroize::Zeroize;

use super::key_lookup;
use crate::{
    contract::v0_1::bindings::cloakroom::plugin::{
        subkeys::{Host, Subkey},
        types::Error,
    },
    grants::granted_rings::{GrantedRings, NamedRing, OpeningRing},
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
        let mut call = self.host_call("subkeys.derive", salt.len());
        let length = length as usize;
        if length > LIMIT || salt.len() > LIMIT {
            return Fault::Protocol("asked for a subkey, or with a salt, of over 64 bytes").trap();
        }
        let (config, ctx) = (self.config.clone(), self.call.ctx.clone());
        let granted = &config.grants.subkeys;
        let found = match id {
            Some(id) => self.named_key(granted, &ctx, &name, &id).await,
            None => self.lasting_key(granted, &ctx, &name).await,
        };
        call.returns(length);
        Ok(found.and_then(|(ring, key)| {
            let derived = derive(&*key, &purpose, &salt, length);
            derived.map_err(|error| self.call.refuse(key_lookup::failed(ring, key.id(), error)))
        }))
    }
}

/// Key, and the ring that it is from.
type Found<'a> = Result<(&'a NamedRing, Arc<dyn Key>), Error>;

impl InstanceState {
    async fn lasting_key<'a>(
        &mut self,
        granted: &'a GrantedRings,
        ctx: &Context,
        name: &str,
    ) -> Found<'a> {
        let ring = granted.sealing(ctx, name).ok_or_else(|| self.refuse_ring(granted, name))?;
        let key = self.call.lasting_key(ring).await?;
        Ok((ring, key))
    }

    /// Returns the key of the first ring that has one with this id. The guest opens by itself, so a key of
    /// another ring with the same id is not tried after it.
    async fn named_key<'a>(
        &mut self,
        granted: &'a GrantedRings,
        ctx: &'a Context,
        name: &str,
        id: &str,
    ) -> Found<'a> {
        let rings = granted.opening(ctx, name).ok_or_else(|| self.refuse_ring(granted, name))?;
        for OpeningRing { ring, namespace } in iter::once(&rings.first).chain(&rings.others) {
            if let Some(key) = self.call.find_key(ring, id, *namespace).await? {
                return Ok((ring, key));
            }
        }
        Err(self.refuse_unknown_key(rings.first.ring, id))
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
