//! Plugins that a host has compiled and linked, by the digests of their files.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use cloakroom_core::Error;

use super::digest::Digest;
use crate::contract::v0_1::exports::linked_plugin::LinkedPlugin;

/// Linked plugins that are kept although none of their codecs and drivers lives: a reload drops the old
/// ones before it makes the new ones.
const RECENT: usize = 16;

/// Linked plugins: each for as long as a [`crate::Plugin`] made of it lives, and the [`RECENT`] that were
/// loaded last.
#[derive(Default)]
pub(super) struct LinkedPlugins(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    by_digest: HashMap<Digest, Arc<Entry>>,
    /// In the order of loading, the latest at the end.
    recent: VecDeque<(Digest, Arc<LinkedPlugin>)>,
}

/// Locked while the plugin is compiled: others that load it wait, instead of compiling it too.
type Entry = Mutex<Weak<LinkedPlugin>>;

impl LinkedPlugins {
    /// Returns the plugin of this digest, made by `link` if there is none.
    ///
    /// # Errors
    /// The error of `link`.
    pub(super) fn get_or_link(
        &self,
        digest: Digest,
        link: impl FnOnce() -> Result<LinkedPlugin, Error>,
    ) -> Result<Arc<LinkedPlugin>, Error> {
        let entry = self.entry(digest);
        let mut weak = lock(&entry);
        let linked = match weak.upgrade() {
            Some(linked) => linked,
            None => Arc::new(link()?),
        };
        *weak = Arc::downgrade(&linked);
        drop(weak);
        self.add_recent(digest, linked.clone());
        Ok(linked)
    }

    fn entry(&self, digest: Digest) -> Arc<Entry> {
        let mut inner = lock(&self.0);
        // An entry without other owners is not locked, so that locking it does not wait.
        inner
            .by_digest
            .retain(|_, entry| Arc::strong_count(entry) > 1 || lock(entry).strong_count() > 0);
        inner.by_digest.entry(digest).or_default().clone()
    }

    fn add_recent(&self, digest: Digest, linked: Arc<LinkedPlugin>) {
        let mut inner = lock(&self.0);
        inner.recent.retain(|(known, _)| *known != digest);
        inner.recent.push_back((digest, linked));
        let oldest = if inner.recent.len() > RECENT { inner.recent.pop_front() } else { None };
        // Unlocked first: unmapping code takes system calls.
        drop(inner);
        drop(oldest);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
