//! Keys that the host holds for plugins, and that no plugin sees.

mod data_key;
mod key;
mod key_service;
mod key_service_error;
mod label;
mod lookup;

use std::sync::Arc;

pub use self::{
    data_key::DataKey,
    key::{CLAIM_PURPOSE, Key, KeyError, PAGE_PURPOSE},
    key_service::{KeyContext, KeyService, KeyUse, MAX_WRAPPED},
    key_service_error::{KeyFailure, KeyServiceError},
    label::{PROXY_KEY, SERVICE_KEY, key_label},
    lookup::KeyLookup,
};

/// A named set of keys: one that seals, and older ones that still open.
///
/// A ring over a key service keeps the keys that it has fetched, and answers from the service only
/// for those that it has not:
///
/// ```
/// # use std::{collections::BTreeMap, sync::{Arc, Mutex}};
/// # use cloakroom_core::{Error, Key, KeyLookup, KeyRing};
/// # struct Client;
/// # impl Client { async fn unwrap_key(&self, _: &str) -> Result<Option<Arc<dyn Key>>, Error> { Ok(None) } }
/// struct ServiceRing {
///     service: Client,
///     fetched: Mutex<BTreeMap<String, Arc<dyn Key>>>,
/// }
///
/// impl KeyRing for ServiceRing {
///     fn find<'a>(&'a self, id: &'a str, _namespace: Option<&'a str>) -> KeyLookup<'a> {
///         if let Some(key) = self.fetched.lock().unwrap().get(id) {
///             return KeyLookup::found(key.clone());
///         }
///         KeyLookup::later(async move {
///             let found = self.service.unwrap_key(id).await?;
///             if let Some(key) = &found {
///                 self.fetched.lock().unwrap().insert(id.to_owned(), key.clone());
///             }
///             Ok(found)
///         })
///     }
/// }
/// ```
///
/// The namespace is the one of the call, if it names one. A ring that makes keys for each namespace looks
/// up those of this one alone, also after another namespace has opened them.
pub trait KeyRing: Send + Sync {
    /// Looks up the key that new payloads of a namespace are sealed under.
    ///
    /// The default has none: the ring opens and does not seal.
    fn current<'a>(&'a self, _namespace: Option<&'a str>) -> KeyLookup<'a> {
        KeyLookup::none()
    }

    /// Looks up a key by its id, current or retired.
    ///
    /// The id stands in the clear beside a payload, so a stranger may have written it: a ring over a key
    /// service bounds how many unknown ids it asks for and remembers.
    fn find<'a>(&'a self, id: &'a str, namespace: Option<&'a str>) -> KeyLookup<'a>;

    /// Looks up the key for what must stay equal over the time and in all processes: repeatable seals,
    /// proofs in claims, page tokens and derived keys. The default is [`KeyRing::current`] for no
    /// namespace; a ring whose current keys change by the clock has another.
    ///
    /// It is at hand: a proof is written and checked where nothing can wait, and a key that would have to
    /// be fetched there is `Unavailable`.
    fn lasting(&self) -> KeyLookup<'_> {
        self.current(None)
    }
}

impl<R: KeyRing + ?Sized> KeyRing for Arc<R> {
    fn current<'a>(&'a self, namespace: Option<&'a str>) -> KeyLookup<'a> {
        (**self).current(namespace)
    }

    fn find<'a>(&'a self, id: &'a str, namespace: Option<&'a str>) -> KeyLookup<'a> {
        (**self).find(id, namespace)
    }

    fn lasting(&self) -> KeyLookup<'_> {
        (**self).lasting()
    }
}
