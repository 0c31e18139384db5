//! Tests of a plugin with `cargo test`, without a host and without WebAssembly.
//!
//! In a native build, buffers, payloads and settings are ordinary values, and [`Host`] grants key rings,
//! buckets, services and secrets in memory. Plugins run as they are: the same `configure`, `encode` and
//! `store`.

mod service;

use std::{cell::RefCell, fmt, rc::Rc};

pub use crate::native::service::{Request, Response};
use crate::{
    Buffer, Context, Payload, Target,
    native::host::{self, GrantedBucket, State},
};

/// Creates the context of a call for `target`.
///
/// ```
/// use cloakroom_guest::{Target, testing};
///
/// let target = Target { namespace: Some("payments".to_owned()), ..Target::default() };
/// assert_eq!(testing::context(target).namespace().as_deref(), Some("payments"));
/// ```
#[must_use]
pub fn context(target: Target) -> Context {
    Context { target }
}

/// Creates a payload with the encoding `binary/plain` and this body.
#[must_use]
pub fn payload(data: &[u8]) -> Payload {
    let metadata = [("encoding".to_owned(), b"binary/plain".to_vec())];
    Payload::new(&metadata, &Buffer::new(data))
}

/// A host that answers the plugin's calls on this thread until it is dropped.
///
/// Without one, every key ring, bucket, service and secret is `Denied`. Its rings do not encrypt: they have the
/// layout
/// and the refusals of real ones, so that a test sees wrong keys and changed bytes.
///
/// ```
/// use cloakroom_guest::{Buffer, blobs, keys, testing};
///
/// let host = testing::Host::new().with_ring("main", &["key-1"]).with_bucket("b", "payloads");
/// let sealed = keys::seal("main", &Buffer::new(b"secret"), &[])?;
/// assert_eq!(sealed.key, "key-1");
/// blobs::open("b")?.put("sealed", &sealed.data, blobs::Mode::Create)?;
/// assert_eq!(host.keys("b"), ["sealed"]);
/// # Ok::<(), cloakroom_guest::Error>(())
/// ```
#[must_use = "a host answers until it is dropped"]
pub struct Host {
    state: Rc<RefCell<State>>,
}

impl Host {
    /// Creates a host that grants nothing, and has it answer on this thread.
    pub fn new() -> Self {
        #[cfg(feature = "log")]
        crate::facade::install();
        let state = Rc::default();
        host::enter(&state);
        Self { state }
    }

    /// Grants a key ring with keys of these ids, the current one first. A ring of the same name is
    /// replaced, which is how keys are rotated.
    pub fn with_ring(self, name: &str, ids: &[&str]) -> Self {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        self.state.borrow_mut().rings.insert(name.to_owned(), ids);
        self
    }

    /// Grants an empty bucket under `name`, which its store calls `store_name`.
    pub fn with_bucket(self, name: &str, store_name: &str) -> Self {
        let bucket = GrantedBucket { store_name: store_name.to_owned(), objects: Rc::default() };
        self.state.borrow_mut().buckets.insert(name.to_owned(), bucket);
        self
    }

    /// Grants a secret.
    pub fn with_secret(self, name: &str, secret: &[u8]) -> Self {
        self.state.borrow_mut().secrets.insert(name.to_owned(), secret.to_vec());
        self
    }

    /// Returns the keys of all objects in a bucket, in their order.
    #[must_use]
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        let state = self.state.borrow();
        let objects = state.buckets.get(bucket).map(|bucket| bucket.objects.borrow());
        objects.map(|objects| objects.keys().cloned().collect()).unwrap_or_default()
    }

    /// Returns the number of calls to this host so far, of the plugin and of its test: each use of a
    /// buffer, a payload and so on is one. In a component each takes time, so it is worth a test:
    ///
    /// ```
    /// use cloakroom_guest::{Buffer, testing};
    ///
    /// let host = testing::Host::new();
    /// let buffer = Buffer::new(b"cloakroom");
    /// assert_eq!(buffer.to_vec().len(), 9);
    /// assert_eq!(host.calls(), 2);
    /// ```
    #[must_use]
    pub fn calls(&self) -> usize {
        self.state.borrow().calls
    }

    /// Returns the logged lines, each behind its level: `Info: three coats`.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.state.borrow().log.clone()
    }
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        host::leave(&self.state);
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
