//! Keys that the host holds for plugins, and that no plugin sees.

mod key;
mod lookup;

use std::sync::Arc;

pub use self::{
    key::{CLAIM_PURPOSE, Key, KeyError, PAGE_PURPOSE},
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
///     fn find<'a>(&'a self, id: &'a str) -> KeyLookup<'a> {
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
/// A ring whose keys sign claims has them at hand: a proof is checked where nothing can wait, and a
/// key that would have to be fetched there is `Unavailable`.
pub trait KeyRing: Send + Sync {
    /// Looks up the key that new payloads are sealed under.
    ///
    /// The default has none: the ring opens and does not seal.
    fn current(&self) -> KeyLookup<'_> {
        KeyLookup::none()
    }

    /// Looks up a key by its id, current or retired.
    ///
    /// The id stands in the clear beside a payload, so a stranger may have written it: a ring over a key
    /// service bounds how many unknown ids it asks for and remembers.
    fn find<'a>(&'a self, id: &'a str) -> KeyLookup<'a>;
}

impl<R: KeyRing + ?Sized> KeyRing for Arc<R> {
    fn current(&self) -> KeyLookup<'_> {
        (**self).current()
    }

    fn find<'a>(&'a self, id: &'a str) -> KeyLookup<'a> {
        (**self).find(id)
    }
}
