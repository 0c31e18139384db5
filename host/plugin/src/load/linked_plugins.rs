//! Components that a host has compiled and linked, by digest.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use cloakroom_core::Error;

use crate::{contract::v0_1::LinkedPlugin, load::source::Digest};

/// Components that stay although no plugin is made of them any more.
const RECENT: usize = 16;

/// Components by digest: each for as long as a plugin made of it lives, and the [`RECENT`] that were
/// loaded last.
#[derive(Default)]
pub(crate) struct Components(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    by_digest: HashMap<Digest, Arc<Entry>>,
    /// The one loaded last is the last.
    recent: VecDeque<(Digest, Arc<LinkedPlugin>)>,
}

/// Locked while the component is compiled: whoever loads the same one waits instead of compiling it
/// too.
type Entry = Mutex<Weak<LinkedPlugin>>;

impl Components {
    /// Returns the component of this digest, made by `prepare` if it is not there.
    pub(crate) fn get_or_prepare(
        &self,
        digest: Digest,
        prepare: impl FnOnce() -> Result<LinkedPlugin, Error>,
    ) -> Result<Arc<LinkedPlugin>, Error> {
        let entry = self.entry(digest);
        let mut known = lock(&entry);
        let prepared = match known.upgrade() {
            Some(prepared) => prepared,
            None => Arc::new(prepare()?),
        };
        *known = Arc::downgrade(&prepared);
        drop(known);
        self.remember(digest, prepared.clone());
        Ok(prepared)
    }

    fn entry(&self, digest: Digest) -> Arc<Entry> {
        let mut inner = lock(&self.0);
        // One that nobody is at can be locked without waiting.
        inner
            .by_digest
            .retain(|_, entry| Arc::strong_count(entry) > 1 || lock(entry).strong_count() > 0);
        inner.by_digest.entry(digest).or_default().clone()
    }

    fn remember(&self, digest: Digest, prepared: Arc<LinkedPlugin>) {
        let mut inner = lock(&self.0);
        inner.recent.retain(|(known, _)| *known != digest);
        inner.recent.push_back((digest, prepared));
        let forgotten = if inner.recent.len() > RECENT { inner.recent.pop_front() } else { None };
        // Freeing code takes system calls, which nobody is to wait for.
        drop(inner);
        drop(forgotten);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
