//! Bucket of an object store.

use std::time::SystemTime;

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::{Comparison, Error, ErrorKind};

/// Behaviour of a put if the object exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutMode {
    /// Leave the object, if the store can tell.
    Create,
    /// Replace the object.
    Overwrite,
}

/// Outcome of a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutOutcome {
    /// The object was written.
    Written,
    /// An object existed and stayed.
    AlreadyThere,
}

/// Size and age of an object, as the store reports them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Size in bytes.
    pub size: u64,
    /// Time of the last write by the store's clock; none if the bucket does not know it.
    pub modified: Option<SystemTime>,
}

/// Bucket of an object store. Keys are passed to the store unchanged.
pub trait Bucket: Send + Sync {
    /// Returns the bucket's name in the store.
    fn name(&self) -> &str;

    /// Writes an object, in pieces.
    fn put<'a>(
        &'a self,
        key: &'a str,
        body: Vec<Bytes>,
        mode: PutMode,
    ) -> BoxFuture<'a, Result<PutOutcome, Error>>;

    /// Reads an object of at most `most` bytes; refuses a larger one before it is read.
    fn get<'a>(&'a self, key: &'a str, most: u64) -> BoxFuture<'a, Result<Bytes, Error>>;

    /// Returns the size of an object, if it exists.
    fn size<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<u64>, Error>>;

    /// Returns size and age of an object, if it exists.
    ///
    /// The default knows no age, and an object without an age is never refreshed.
    fn stat<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<ObjectInfo>, Error>> {
        Box::pin(async move {
            let size = self.size(key).await?;
            Ok(size.map(|size| ObjectInfo { size, modified: None }))
        })
    }

    /// Returns whether an object holds exactly these bytes. The default reads the whole object into
    /// memory.
    ///
    /// # Errors
    /// `NotFound` if the object does not exist.
    fn equals<'a>(&'a self, key: &'a str, body: &'a [Bytes]) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            let size: usize = body.iter().map(Bytes::len).sum();
            match self.get(key, size as u64).await {
                Ok(stored) => {
                    let mut comparison = Comparison::new(body);
                    Ok(comparison.takes(&stored) && comparison.is_complete())
                }
                // It is larger.
                Err(error) if matches!(error.kind(), ErrorKind::LimitExceeded(_)) => Ok(false),
                Err(error) => Err(error),
            }
        })
    }

    /// Removes an object; it need not be there.
    ///
    /// # Errors
    /// `Denied` if the bucket removes nothing, which is the default.
    fn remove<'a>(&'a self, _key: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async { Err(Error::new(ErrorKind::Denied, "this bucket removes nothing")) })
    }

    /// Returns the names of the bucket's lifecycle rules that delete objects under `prefix`, or move them to
    /// where they cannot be read.
    ///
    /// # Errors
    /// `Failed` if the bucket does not show its rules, which is the default; those of the store.
    fn expiring<'a>(&'a self, _prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        Box::pin(async {
            Err(Error::new(ErrorKind::Failed, "this bucket does not show its rules"))
        })
    }

    /// Returns some keys under `prefix` in their order, those after `after`; none at the end.
    ///
    /// # Errors
    /// `Denied` if the bucket lists nothing, which is the default.
    fn list<'a>(
        &'a self,
        _prefix: &'a str,
        _after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        Box::pin(async { Err(Error::new(ErrorKind::Denied, "this bucket lists nothing")) })
    }
}
