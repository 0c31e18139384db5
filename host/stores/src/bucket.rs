//! Bucket of an object store, through the crate `object_store`.

pub(crate) mod lifecycle;
mod read;
mod write;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use cloakroom_core::{Bucket, Error, ErrorKind, ObjectInfo, PutMode, PutOutcome};
use futures::{StreamExt as _, TryStreamExt as _, future::BoxFuture};
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt as _, path::Path};

use self::lifecycle::Lifecycle;
use crate::error::{StoreRequest, convert};

/// Size in bytes from which an object is uploaded in parts.
///
/// After a failure only the failed part is sent again. But a multipart upload cannot be
/// conditional, so it overwrites an object that another worker stored meanwhile; smaller objects
/// are sent in one request.
const MULTIPART_THRESHOLD: usize = 100 << 20;

/// Most keys of one listing.
const PAGE: usize = 1000;

/// Bucket of an object store. Clones share one connection pool.
///
/// ```
/// let bucket = cloakroom_stores::ObjectBucket::memory("payloads");
/// ```
#[derive(Clone)]
pub struct ObjectBucket {
    store: Arc<dyn ObjectStore>,
    name: Arc<str>,
    /// True if the store lists keys in lexicographic order.
    is_ordered: bool,
    lifecycle: Lifecycle,
}

impl ObjectBucket {
    /// Creates a bucket in any store of the crate `object_store`.
    #[must_use]
    pub fn new(name: &str, store: Arc<dyn ObjectStore>) -> Self {
        Self { store, name: Arc::from(name), is_ordered: true, lifecycle: Lifecycle::Hidden }
    }

    /// Returns the bucket of a store that lists keys in no order, such as a file system.
    pub(crate) fn unordered(mut self) -> Self {
        self.is_ordered = false;
        self
    }

    /// Returns the bucket with what is known of its lifecycle rules.
    pub(crate) fn with_lifecycle(mut self, lifecycle: Lifecycle) -> Self {
        self.lifecycle = lifecycle;
        self
    }

    /// Creates a bucket in the memory of this process, for tests and first steps.
    #[must_use]
    pub fn memory(name: &str) -> Self {
        let store = Arc::new(object_store::memory::InMemory::new());
        Self::new(name, store).with_lifecycle(Lifecycle::None)
    }

    fn failed(&self, path: &Path, error: &StoreError) -> Error {
        let request = StoreRequest { bucket: &self.name, key: Some(path.as_ref()), creates: false };
        convert(request, error)
    }

    fn failed_to_write(&self, path: &Path, error: &StoreError) -> Error {
        let request = StoreRequest { bucket: &self.name, key: Some(path.as_ref()), creates: true };
        convert(request, error)
    }

    fn failed_to_list(&self, error: &StoreError) -> Error {
        convert(StoreRequest { bucket: &self.name, key: None, creates: true }, error)
    }
}

/// Returns a key as a path of the store.
///
/// The library normalises some keys. A claim names the exact key, so those are refused instead.
fn path(key: &str) -> Result<Path, Error> {
    let path = Path::parse(key).ok().filter(|path| path.as_ref() == key && !key.is_empty());
    path.ok_or_else(|| {
        let text = "a key must not have an empty, `.` or `..` segment, or a control character";
        Error::new(ErrorKind::Denied, text)
    })
}

impl Bucket for ObjectBucket {
    fn name(&self) -> &str {
        &self.name
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        body: Vec<Bytes>,
        mode: PutMode,
    ) -> BoxFuture<'a, Result<PutOutcome, Error>> {
        Box::pin(async move {
            let path = path(key)?;
            if body.iter().map(Bytes::len).sum::<usize>() >= MULTIPART_THRESHOLD {
                // The mode does not apply: see `MULTIPART_THRESHOLD`.
                return self.write_multipart(&path, body).await;
            }
            let payload = body.into_iter().collect();
            match mode {
                PutMode::Create => self.create(&path, payload).await,
                PutMode::Overwrite => self.overwrite(&path, payload).await,
            }
        })
    }

    fn get<'a>(&'a self, key: &'a str, most: u64) -> BoxFuture<'a, Result<Bytes, Error>> {
        Box::pin(self.read(key, most))
    }

    fn size<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<u64>, Error>> {
        Box::pin(async move { Ok(self.stat(key).await?.map(|found| found.size)) })
    }

    fn stat<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<ObjectInfo>, Error>> {
        Box::pin(self.measure(key))
    }

    fn equals<'a>(&'a self, key: &'a str, body: &'a [Bytes]) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(self.compare(key, body))
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let path = path(key)?;
            match self.store.delete(&path).await {
                // S3 reports success for a missing object. The others behave alike here.
                Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
                Err(error) => Err(self.failed(&path, &error)),
            }
        })
    }

    fn expiring<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        Box::pin(self.lifecycle.covering(&self.name, prefix))
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        Box::pin(async move {
            // Stores list by whole path segments. The rest of the prefix is filtered here.
            let folder = prefix.rsplit_once('/').map(|(folder, _)| path(folder)).transpose()?;
            let listed = match after {
                Some(after) => self.store.list_with_offset(folder.as_ref(), &path(after)?),
                None => self.store.list(folder.as_ref()),
            };
            let keys = listed.map_ok(|meta| meta.location.to_string());
            let keys = keys.try_filter(|key| futures::future::ready(key.starts_with(prefix)));
            // A store without an order may list the first key last, so all keys are read before the
            // page is cut.
            let limit = if self.is_ordered { PAGE } else { usize::MAX };
            let mut keys: Vec<_> = keys
                .take(limit)
                .try_collect()
                .await
                .map_err(|error| self.failed_to_list(&error))?;
            keys.sort_unstable();
            keys.truncate(PAGE);
            Ok(keys)
        })
    }
}

impl fmt::Debug for ObjectBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectBucket").field("name", &self.name).finish_non_exhaustive()
    }
}
