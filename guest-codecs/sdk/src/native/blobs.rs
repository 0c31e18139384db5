//! Buckets of object stores that the host is connected to.
//!
//! Bodies pass between host and store, and not through the plugin. In tests,
//! [`testing::Host::with_bucket`](crate::testing::Host::with_bucket) grants a bucket in memory.
//!
//! ```
//! use cloakroom_guest::{Buffer, blobs, testing};
//!
//! let _host = testing::Host::new().with_bucket("granted", "my-bucket");
//! let bucket = blobs::open("granted")?;
//! assert_eq!(bucket.name(), "my-bucket");
//! bucket.put("v0/1", &Buffer::new(b"object"), blobs::Mode::Create)?;
//! assert_eq!(bucket.size("v0/1")?, Some(6));
//! assert_eq!(bucket.get("v0/1", u64::MAX)?.to_vec(), b"object");
//! # Ok::<(), cloakroom_guest::Error>(())
//! ```

use std::{cell::RefCell, fmt, rc::Rc};

use super::host::{self, GrantedBucket, Objects, count_call, not_granted};
use crate::{Buffer, Error};

/// Most keys that one [`Bucket::list`] returns.
const LISTED: usize = 1000;

/// The mode of a `put`, for a key that has an object already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Leaves it, if the store can tell. One that cannot replaces it.
    Create,
    /// Replaces it.
    Overwrite,
}

/// The result of a `put`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The object was written.
    Written,
    /// An object was there, and was left.
    AlreadyThere,
}

/// One bucket, within its grant. Calls for keys outside of it are `Denied`.
pub struct Bucket {
    store_name: String,
    objects: Rc<RefCell<Objects>>,
}

/// Opens a bucket by the name that it was granted under.
///
/// # Errors
/// `Denied` if it is not granted.
pub fn open(name: &str) -> Result<Bucket, Error> {
    count_call();
    host::ask(|state| state.buckets.get(name).map(Bucket::of))
        .flatten()
        .ok_or_else(|| not_granted("bucket", name))
}

/// Finds the granted bucket that its store calls `name`: for a claim, which may be older than the
/// settings.
///
/// # Errors
/// `Denied` if none is granted.
pub fn find(name: &str) -> Result<Bucket, Error> {
    count_call();
    let found = |bucket: &&GrantedBucket| bucket.store_name == name;
    host::ask(|state| state.buckets.values().find(found).map(Bucket::of))
        .flatten()
        .ok_or_else(|| not_granted("bucket", name))
}

impl Bucket {
    fn of(granted: &GrantedBucket) -> Self {
        Self { store_name: granted.store_name.clone(), objects: granted.objects.clone() }
    }

    /// Returns the name that its store has for it, which belongs in a claim.
    #[must_use]
    pub fn name(&self) -> String {
        count_call();
        self.store_name.clone()
    }

    /// Writes an object.
    ///
    /// # Errors
    /// `Denied` if the key is not granted, or has an empty, `.` or `..` segment.
    pub fn put(&self, key: &str, body: &Buffer, mode: Mode) -> Result<Outcome, Error> {
        count_call();
        check_key(key)?;
        let mut objects = self.objects.borrow_mut();
        if mode == Mode::Create && objects.contains_key(key) {
            return Ok(Outcome::AlreadyThere);
        }
        objects.insert(key.to_owned(), body.as_slice().to_vec());
        Ok(Outcome::Written)
    }

    /// Reads an object of at most `limit` bytes, or of fewer where the host's own limit is lower.
    ///
    /// # Errors
    /// `NotFound` if it is not there, `TooLarge` if it has more bytes.
    pub fn get(&self, key: &str, limit: u64) -> Result<Buffer, Error> {
        count_call();
        check_key(key)?;
        let objects = self.objects.borrow();
        let object = objects.get(key).ok_or_else(|| Error::not_found("no object has this key"))?;
        if object.len() as u64 > limit {
            return Err(Error::too_large(format!("the object is larger than {limit} bytes")));
        }
        Ok(Buffer::from_bytes(object))
    }

    /// Returns the size of an object, or `None` if it is not there.
    ///
    /// # Errors
    /// As [`Bucket::put`].
    pub fn size(&self, key: &str) -> Result<Option<u64>, Error> {
        count_call();
        check_key(key)?;
        Ok(self.objects.borrow().get(key).map(|object| object.len() as u64))
    }

    /// Removes an object, which need not be there.
    ///
    /// # Errors
    /// As [`Bucket::put`].
    pub fn remove(&self, key: &str) -> Result<(), Error> {
        count_call();
        check_key(key)?;
        self.objects.borrow_mut().remove(key);
        Ok(())
    }

    /// Returns some keys under `prefix` in their order, those after `after`, and none at the end.
    ///
    /// # Errors
    /// `Denied` if listing is not granted.
    pub fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, Error> {
        count_call();
        let objects = self.objects.borrow();
        let listed = objects.keys().filter(|key| {
            key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after)
        });
        Ok(listed.take(LISTED).cloned().collect())
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("name", &self.store_name).finish_non_exhaustive()
    }
}

/// Not every store tells such keys apart.
fn check_key(key: &str) -> Result<(), Error> {
    if key.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return Err(Error::denied("the key has an empty, `.` or `..` segment"));
    }
    Ok(())
}
