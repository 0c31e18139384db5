//! Look-up of rings and keys, and errors of keys.

use std::{collections::BTreeMap, sync::Arc};

use cloakroom_core::{Error as HostError, ErrorKind, Key, KeyError, KeyRing, Remedy};

use super::not_granted::not_granted;
use crate::{
    compute::background,
    contract::v0_1::bindings::cloakroom::plugin::types::Error,
    grants::Grants,
    instance::{call::Call, guest_log::visible_ascii, state::InstanceState},
};

/// Most characters of a key's id that are shown.
const ID: usize = 64;

impl InstanceState {
    /// Returns the ring that was granted under this name.
    pub(super) fn ring(
        &mut self,
        among: impl FnOnce(&Grants) -> &BTreeMap<String, Arc<dyn KeyRing>>,
        name: &str,
    ) -> Result<Arc<dyn KeyRing>, Error> {
        let granted = among(&self.config.grants);
        match granted.get(name) {
            Some(ring) => Ok(ring.clone()),
            None => {
                let settings = &self.config.settings;
                let error = not_granted("key ring", name, granted.keys(), settings);
                Err(self.call.refuse(error))
            }
        }
    }
}

impl Call {
    /// Returns the current key of a ring.
    pub(super) async fn current_key(
        &mut self,
        ring: &Arc<dyn KeyRing>,
        name: &str,
    ) -> Result<Arc<dyn Key>, Error> {
        let found = match ring.current().now() {
            Some(found) => found,
            // A key service is asked on the runtime: its client needs timers and sockets, and the threads
            // that guests compute on have none.
            None => {
                let ring = ring.clone();
                background::run(async move { ring.current().await }).await
            }
        };
        let found = found.map_err(|error| lookup_failed(name, error));
        let key = found.and_then(|key| key.ok_or_else(|| no_current_key(name)));
        key.map_err(|error| self.refuse(error))
    }

    /// Returns a key of a ring. If there is none, the guest learns only that, and the operator's error
    /// names it: the contract has no case for an unknown key.
    pub(super) async fn find_key(
        &mut self,
        ring: &Arc<dyn KeyRing>,
        name: &str,
        id: &str,
    ) -> Result<Arc<dyn Key>, Error> {
        let found = match ring.find(id).now() {
            Some(found) => found,
            None => {
                let (ring, id) = (ring.clone(), id.to_owned());
                background::run(async move { ring.find(&id).await }).await
            }
        };
        let found = found.map_err(|error| self.refuse(lookup_failed(name, error)))?;
        found.ok_or_else(|| {
            let for_guest = "no key of the ring has this payload's key id".to_owned();
            self.refuse_with(Error::NotFound(for_guest), unknown(name, id))
        })
    }
}

/// Returns the error of a look-up that failed, with the ring's name.
fn lookup_failed(ring: &str, error: HostError) -> HostError {
    // Of the same kind: the call is retried if a key service does not answer, and not if it denies.
    let kind = error.kind();
    error.wrapped(kind, format!("a key of key ring `{ring}` could not be looked up"))
}

/// Returns the error of a ring that has no current key: it only opens.
fn no_current_key(ring: &str) -> HostError {
    let text = format!("key ring `{ring}` has no current key, so nothing can be sealed under it");
    HostError::new(ErrorKind::Denied, text)
}

/// Returns the error of a payload whose key is missing. The id stands in the clear beside the payload,
/// and may be any text.
fn unknown(ring: &str, id: &str) -> HostError {
    let id = visible_ascii(id, ID);
    let text = format!(
        "the payload is sealed under key `{id}`, which is not in key ring `{ring}`: \
         add it to the ring, or restore it"
    );
    HostError::new(ErrorKind::UnknownKey, text).with_remedies(&[Remedy::KeyMaterial])
}

fn exhausted(ring: &str, id: &str, messages: u64) -> HostError {
    let text = format!(
        "key `{}` of key ring `{ring}` has sealed {messages} messages with plain AES-256-GCM in this \
         process, and no more are allowed: add another key to the ring and make it the current one",
        visible_ascii(id, ID)
    );
    let remedies = &[Remedy::MessagesPerKey, Remedy::KeyMaterial];
    HostError::new(ErrorKind::Denied, text).with_remedies(remedies)
}

/// Returns the error of an operation that failed. It names the key, since the guest's text may not be
/// shown.
pub(super) fn failed(ring: &str, id: &str, error: KeyError) -> HostError {
    let kind = match error {
        KeyError::Exhausted { messages } => return exhausted(ring, id, messages),
        KeyError::Mismatch => ErrorKind::Malformed,
        _ => ErrorKind::Denied,
    };
    HostError::new(kind, format!("key `{}` of key ring `{ring}`: {error}", visible_ascii(id, ID)))
}
