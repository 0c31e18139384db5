//! Look-up of rings and keys, and errors of keys.

use std::sync::Arc;

use cloakroom_core::{
    Error as HostError, ErrorKind, Key, KeyError, Remedy, SERVICE_KEY, key_label,
};

use super::not_granted::not_granted;
use crate::{
    compute::background,
    contract::v0_1::bindings::cloakroom::plugin::types::Error,
    grants::granted_rings::{GrantedRings, NamedRing},
    instance::{call::Call, guest_log::visible_ascii, state::InstanceState},
};

/// Most characters of a key's id that are shown.
const ID: usize = 64;

impl InstanceState {
    /// Refuses a ring that is not among those that were granted.
    pub(super) fn refuse_ring(&mut self, granted: &GrantedRings, name: &str) -> Error {
        let error = not_granted("key ring", name, granted.names(), &self.config.settings);
        self.call.refuse(error)
    }

    /// Refuses a payload whose key is in none of these rings. The guest learns only that, and the
    /// operator's error names the first ring and the id: the contract has no case for an unknown key.
    pub(super) fn refuse_unknown_key(&mut self, ring: &NamedRing, id: &str) -> Error {
        let grants = &self.config.grants;
        let by_namespace = grants.keys.has_namespaces() || grants.subkeys.has_namespaces();
        let is_anonymous = by_namespace && self.call.ctx.namespace_name().is_none();
        let for_guest = "no key of the ring has this payload's key id".to_owned();
        self.call.refuse_with(Error::NotFound(for_guest), unknown(ring, id, is_anonymous))
    }
}

impl Call {
    /// Returns the current key of a ring for the namespace of the call.
    pub(super) async fn current_key(&mut self, ring: &NamedRing) -> Result<Arc<dyn Key>, Error> {
        let found = match ring.ring.current(self.ctx.namespace_name()).now() {
            Some(found) => found,
            // A key service is asked on the runtime: its client needs timers and sockets, and the threads
            // that guests compute on have none. Boxed, so that a key at hand needs no room for it.
            None => {
                let (ring, ctx) = (ring.ring.clone(), self.ctx.clone());
                let asked = async move { ring.current(ctx.namespace_name()).await };
                Box::pin(background::run(asked)).await
            }
        };
        self.expect_key(ring, found)
    }

    /// Returns the lasting key of a ring.
    pub(super) async fn lasting_key(&mut self, ring: &NamedRing) -> Result<Arc<dyn Key>, Error> {
        let found = match ring.ring.lasting().now() {
            Some(found) => found,
            None => {
                let ring = ring.ring.clone();
                Box::pin(background::run(async move { ring.lasting().await })).await
            }
        };
        self.expect_key(ring, found)
    }

    fn expect_key(
        &mut self,
        ring: &NamedRing,
        found: Result<Option<Arc<dyn Key>>, HostError>,
    ) -> Result<Arc<dyn Key>, Error> {
        let found = found.map_err(|error| lookup_failed(ring, error));
        let key = found.and_then(|key| key.ok_or_else(|| no_current_key(ring)));
        key.map_err(|error| self.refuse(error))
    }

    /// Returns a key of a ring, if it has one with this id for this namespace.
    pub(super) async fn find_key(
        &mut self,
        ring: &NamedRing,
        id: &str,
        namespace: Option<&str>,
    ) -> Result<Option<Arc<dyn Key>>, Error> {
        let found = match ring.ring.find(id, namespace).now() {
            Some(found) => found,
            None => {
                let (ring, id) = (ring.ring.clone(), id.to_owned());
                let namespace = namespace.map(str::to_owned);
                let asked = async move { ring.find(&id, namespace.as_deref()).await };
                Box::pin(background::run(asked)).await
            }
        };
        found.map_err(|error| self.refuse(lookup_failed(ring, error)))
    }
}

/// Returns what is shown of a key's id, which may be any text.
fn shown(id: &str) -> String {
    visible_ascii(key_label(id), ID)
}

/// Returns the error of a look-up that failed, with the ring's name.
fn lookup_failed(ring: &NamedRing, error: HostError) -> HostError {
    // Of the same kind: the call is retried if a key service does not answer, and not if it denies.
    let kind = error.kind();
    error.wrapped(kind, format!("a key of {ring} could not be looked up"))
}

/// Returns the error of a ring that has no current key: it only opens.
fn no_current_key(ring: &NamedRing) -> HostError {
    let text = format!("{ring} has no current key, so nothing can be sealed under it");
    HostError::new(ErrorKind::Denied, text)
}

/// Returns the error of a payload whose key is missing. The id stands in the clear beside the payload,
/// and may be any text.
fn unknown(ring: &NamedRing, id: &str, is_anonymous: bool) -> HostError {
    if id.starts_with(SERVICE_KEY) {
        let text = format!(
            "the payload's data key `{}` is not of {ring} in this namespace: open it in the namespace that \
             sealed it, or name the service's key that wrapped it under `retired`",
            shown(id)
        );
        return HostError::new(ErrorKind::UnknownKey, text);
    }
    let id = shown(id);
    let text = format!("the payload is sealed under key `{id}`, which is not in {ring}");
    if is_anonymous {
        let text =
            format!("{text}: name the namespace in the call, since some have their own ring");
        return HostError::new(ErrorKind::UnknownKey, text);
    }
    let text = format!("{text}: add it to the ring, or restore it");
    if ring.namespace.is_some() {
        let text = format!("{text}, or also open with the ring that sealed it");
        return HostError::new(ErrorKind::UnknownKey, text)
            .with_remedies(&[Remedy::KeyMaterial, Remedy::OldRings]);
    }
    HostError::new(ErrorKind::UnknownKey, text).with_remedies(&[Remedy::KeyMaterial])
}

fn exhausted(ring: &NamedRing, id: &str, messages: u64) -> HostError {
    let text = format!(
        "key `{}` of {ring} has sealed {messages} messages with plain AES-256-GCM in this \
         process, and no more are allowed: add another key to the ring and make it the current one",
        shown(id)
    );
    let remedies = &[Remedy::MessagesPerKey, Remedy::KeyMaterial];
    HostError::new(ErrorKind::Denied, text).with_remedies(remedies)
}

/// Returns the error of an operation that failed. It names the key, since the guest's text may not be
/// shown.
pub(super) fn failed(ring: &NamedRing, id: &str, error: KeyError) -> HostError {
    let kind = match error {
        KeyError::Exhausted { messages } => return exhausted(ring, id, messages),
        KeyError::Mismatch => ErrorKind::Malformed,
        _ => ErrorKind::Denied,
    };
    HostError::new(kind, format!("key `{}` of {ring}: {error}", shown(id)))
}
