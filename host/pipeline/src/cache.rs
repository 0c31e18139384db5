//! Objects that were stored or read not long ago. Replaying a workflow reads the same ones again and
//! again.

use std::sync::Arc;

use aws_lc_rs::digest;
use bytes::Bytes;
use cloakroom_core::{ByteSize, Envelope, Payload};
use quick_cache::{Weighter, sync::Cache as Memory};

use crate::{disk::Disk, reference::Reference};

/// What an object is found by: a digest of its driver's name and its whole claim, which names the
/// content's own digest. Not the content's digest alone: a forged claim that names it must not be
/// spared its way through the driver and its grants.
pub(crate) type Ticket = [u8; 32];

/// An object as it was stored, after all codecs.
#[derive(Clone)]
pub(crate) struct Cached {
    pub(crate) payload: Payload,
    /// Of the object as it lies in the store: others may write the same payload in more bytes.
    pub(crate) size: u64,
}

pub(crate) struct Cache {
    memory: Option<Memory<Ticket, Cached, Size>>,
    disk: Option<Arc<Disk>>,
}

#[derive(Clone)]
struct Size;

impl Weighter<Ticket, Cached> for Size {
    fn weight(&self, _: &Ticket, cached: &Cached) -> u64 {
        cached.size + 64
    }
}

impl Cache {
    pub(crate) fn new(memory: ByteSize, disk: Option<Disk>) -> Self {
        // The expected number of objects is a hint for the tables alone.
        let memory = (memory.get() != 0).then(|| Memory::with_weighter(256, memory.get(), Size));
        Self { memory, disk: disk.map(Arc::new) }
    }

    pub(crate) async fn get(&self, ticket: &Ticket, sha256: &[u8; 32]) -> Option<Cached> {
        if let Some(found) = self.memory.as_ref().and_then(|memory| memory.get(ticket)) {
            return Some(found);
        }
        let (disk, ticket, sha256) = (self.disk.clone()?, *ticket, *sha256);
        let read = tokio::task::spawn_blocking(move || disk.get(&ticket, &sha256)).await;
        let object = read.ok().flatten()?;
        let size = object.len() as u64;
        let cached = Cached { payload: Payload::from_envelope(object).ok()?, size };
        self.remember(ticket, cached.clone());
        Some(cached)
    }

    /// Keeps an object that was fetched.
    pub(crate) fn fetched(&self, ticket: Ticket, object: Bytes, payload: &Payload) {
        self.stored(
            ticket,
            Envelope { head: object, body: Bytes::new(), tail: Bytes::new() },
            payload,
        );
    }

    /// Keeps an object that was stored.
    pub(crate) fn stored(&self, ticket: Ticket, object: Envelope, payload: &Payload) {
        let size = object.len() as u64;
        self.remember(ticket, Cached { payload: payload.clone(), size });
        if let Some(disk) = self.disk.clone() {
            // Nobody waits for it: what is not kept is fetched again.
            drop(tokio::task::spawn_blocking(move || disk.put(&ticket, &object)));
        }
    }

    fn remember(&self, ticket: Ticket, cached: Cached) {
        if let Some(memory) = &self.memory {
            memory.insert(ticket, cached);
        }
    }
}

impl Reference {
    pub(crate) fn ticket(&self) -> Ticket {
        let mut context = digest::Context::new(&digest::SHA256);
        let entries = self.claim.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        for text in std::iter::once(&*self.driver).chain(entries) {
            context.update(&(text.len() as u64).to_be_bytes());
            context.update(text.as_bytes());
        }
        let mut ticket = [0; 32];
        ticket.copy_from_slice(context.finish().as_ref());
        ticket
    }
}
