//! Objects that were stored or read not long ago. Replaying a workflow reads the same ones again and
//! again.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cloakroom_core::{ByteSize, Envelope, Payload};
use lru::LruCache;

use crate::{disk::Disk, reference::Ticket};

/// An object as it was stored, after all codecs.
#[derive(Clone)]
pub(crate) struct Cached {
    pub(crate) payload: Payload,
    /// Of the object as it lies in the store: others may write the same payload in more bytes.
    pub(crate) size: u64,
}

impl Cached {
    /// Returns what it takes in memory. It shares the object; maps and names come on top.
    fn cost(&self) -> u64 {
        let entries = Payload::cost_of(self.payload.entries(), 0);
        self.size.saturating_add(entries as u64)
    }
}

pub(crate) struct Cache {
    memory: Mutex<Memory>,
    disk: Option<Arc<Disk>>,
    /// Entries of one payload that is read from the disk.
    entries: usize,
}

/// What fits into so many bytes, and was of use last.
struct Memory {
    objects: LruCache<Ticket, Cached>,
    used: u64,
    most: u64,
}

impl Memory {
    fn put(&mut self, ticket: Ticket, cached: Cached) {
        let cost = cached.cost();
        if cost > self.most {
            return;
        }
        self.used += cost;
        if let Some((_, replaced)) = self.objects.push(ticket, cached) {
            self.used -= replaced.cost();
        }
        while self.most < self.used
            && let Some((_, oldest)) = self.objects.pop_lru()
        {
            self.used -= oldest.cost();
        }
    }
}

impl Cache {
    pub(crate) fn new(memory: ByteSize, disk: Option<Disk>, entries: usize) -> Self {
        let memory = Memory { objects: LruCache::unbounded(), used: 0, most: memory.get() };
        Self { memory: Mutex::new(memory), disk: disk.map(Arc::new), entries }
    }

    pub(crate) async fn get(&self, ticket: &Ticket, sha256: &[u8; 32]) -> Option<Cached> {
        if let Some(found) = self.memory().objects.get(ticket) {
            return Some(found.clone());
        }
        let (disk, ticket, sha256) = (self.disk.clone()?, *ticket, *sha256);
        let read = tokio::task::spawn_blocking(move || disk.get(&ticket, &sha256)).await;
        let object = read.ok().flatten()?;
        let size = object.len() as u64;
        let payload = Payload::from_envelope_within(object, self.entries).ok()?;
        let cached = Cached { payload, size };
        self.memory().put(ticket, cached.clone());
        Some(cached)
    }

    /// Keeps an object that was fetched.
    pub(crate) fn fetched(&self, ticket: Ticket, object: Bytes, payload: &Payload) {
        let whole = Envelope { head: object, body: Bytes::new(), tail: Bytes::new() };
        self.stored(ticket, whole, payload);
    }

    /// Keeps an object that was stored.
    pub(crate) fn stored(&self, ticket: Ticket, object: Envelope, payload: &Payload) {
        let size = object.len() as u64;
        self.memory().put(ticket, Cached { payload: payload.clone(), size });
        if let Some(disk) = self.disk.clone() {
            // Nobody waits for it: what is not kept is fetched again.
            drop(tokio::task::spawn_blocking(move || disk.put(&ticket, &object)));
        }
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
