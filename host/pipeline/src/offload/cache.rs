//! Cache of objects that were stored or retrieved. A replay of a workflow reads the same ones again.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cloakroom_core::{ByteSize, Charge, Context, Envelope, Error, Message, Payload};
use lru::LruCache;
use tokio::sync::Semaphore;

use crate::{
    item,
    offload::{cache_key::CacheKey, disk::Disk},
};

/// Objects that are written into the folder at once. No call waits for them, so without a limit a slow
/// disk would pile them up in memory.
const WRITERS: usize = 8;

/// Object as it was stored, after all codecs.
#[derive(Clone)]
pub(crate) struct Cached {
    pub(crate) payload: Payload,
    /// Size of the object in the store. Other programs may write the same payload in more bytes.
    pub(crate) size: u64,
}

impl Cached {
    /// Returns how many bytes it takes. It shares the object; maps and names come on top.
    fn cost(&self) -> u64 {
        let entries = Payload::cost_of(self.payload.entries(), 0);
        self.size.saturating_add(entries as u64)
    }
}

/// Objects in memory, and in a folder if one is configured.
pub(crate) struct Cache {
    memory: Mutex<Memory>,
    disk: Option<Arc<Disk>>,
    writers: Arc<Semaphore>,
    /// Entries of one payload that is read from the disk.
    entries: usize,
}

/// Most recently used objects within a number of bytes.
struct Memory {
    objects: LruCache<CacheKey, Cached>,
    used: u64,
    most: u64,
}

impl Memory {
    fn put(&mut self, cache_key: CacheKey, cached: Cached) {
        let cost = cached.cost();
        // It would push out everything else and then not fit either.
        if cost > self.most {
            return;
        }
        self.used += cost;
        // The map has no limit of entries, so this is always the older object of the same key.
        if let Some((_, replaced)) = self.objects.push(cache_key, cached) {
            self.used -= replaced.cost();
        }
        while self.used > self.most
            && let Some((_, oldest)) = self.objects.pop_lru()
        {
            self.used -= oldest.cost();
        }
    }
}

impl Cache {
    pub(crate) fn new(memory: ByteSize, disk: Option<Disk>, entries: usize) -> Self {
        let memory = Memory { objects: LruCache::unbounded(), used: 0, most: memory.get() };
        let writers = Arc::new(Semaphore::new(WRITERS));
        Self { memory: Mutex::new(memory), disk: disk.map(Arc::new), writers, entries }
    }

    /// Returns an object that is cached, counted for the call.
    ///
    /// # Errors
    /// As [`cloakroom_core::CallMemory::charge`].
    pub(crate) async fn get(
        &self,
        ctx: &Context,
        cache_key: &CacheKey,
        sha256: &[u8; 32],
    ) -> Result<Option<(Cached, Charge)>, Error> {
        let memory = item::memory(ctx);
        let found = self.memory().objects.get(cache_key).cloned();
        if let Some(found) = found {
            let charge = memory.charge(found.payload.footprint())?;
            return Ok(Some((found, charge)));
        }
        let Some(disk) = self.disk.clone() else {
            return Ok(None);
        };
        let (cache_key, sha256) = (*cache_key, *sha256);
        let read = tokio::task::spawn_blocking(move || {
            let charge = disk.size(&cache_key).map(|size| memory.charge(size)).transpose()?;
            let read = charge.and_then(|charge| Some((disk.get(&cache_key, &sha256)?, charge)));
            Ok::<_, Error>(read)
        });
        // A panic while the disk is read costs a request to the store, like any other failure of
        // the cache.
        let Some((object, mut charge)) = read.await.unwrap_or(Ok(None))? else {
            return Ok(None);
        };
        let size = object.len() as u64;
        // Over the limit of entries, or no payload. The store has the same bytes, and reading those
        // gives the error with its place.
        let Ok(message) = Message::measure(object, self.entries) else {
            return Ok(None);
        };
        charge.grow(message.cost())?;
        let Ok(payload) = message.into_payload() else {
            return Ok(None);
        };
        let cached = Cached { payload, size };
        self.memory().put(cache_key, cached.clone());
        Ok(Some((cached, charge)))
    }

    /// Caches an object that was retrieved.
    pub(crate) fn put_bytes(
        &self,
        ctx: &Context,
        cache_key: CacheKey,
        object: Bytes,
        payload: &Payload,
    ) {
        let whole = Envelope { head: object, body: Bytes::new(), tail: Bytes::new() };
        self.put(ctx, cache_key, whole, payload);
    }

    /// Caches an object that was stored.
    pub(crate) fn put(
        &self,
        ctx: &Context,
        cache_key: CacheKey,
        object: Envelope,
        payload: &Payload,
    ) {
        let size = object.len() as u64;
        self.memory().put(cache_key, Cached { payload: payload.clone(), size });
        // No call waits for the disk: an object that is not cached is retrieved again.
        if let Some(disk) = self.disk.clone()
            && let Ok(writer) = self.writers.clone().try_acquire_owned()
            && let Ok(charge) = item::memory(ctx).charge(object.len())
        {
            drop(tokio::task::spawn_blocking(move || {
                disk.put(&cache_key, &object);
                // In this order: bytes are freed before their charge, so that the count is never
                // too low.
                drop((object, charge, writer));
            }));
        }
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_objects_leave_too() {
        let empty = || Cached { payload: Payload::default(), size: 0 };
        let most = 10 * empty().cost();
        let mut memory = Memory { objects: LruCache::unbounded(), used: 0, most };
        for number in 0..100 {
            memory.put([number; 32], empty());
            memory.put([number; 32], empty());
        }
        assert_eq!((memory.objects.len(), memory.used), (10, most));
    }
}
