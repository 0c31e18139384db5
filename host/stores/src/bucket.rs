//! A bucket of an object store, by the crate `object_store`.

mod read;
mod write;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use cloakroom_core::{Bucket, Error, ErrorKind, ObjectInfo, PutMode, PutOutcome};
use futures::{StreamExt as _, TryStreamExt as _, future::BoxFuture};
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt as _, path::Path};

use crate::error::{Asked, explain};

/// From this size on an object is written in parts, so that one that is lost on the way is not all
/// that is sent again. Parts cannot be made conditional: smaller objects are better off without.
const PARTS_FROM: usize = 100 << 20;

/// How many keys are listed at once.
const PAGE: usize = 1000;

/// A bucket of an object store.
///
/// ```
/// let bucket = cloakroom_stores::ObjectBucket::memory("payloads");
/// ```
#[derive(Clone)]
pub struct ObjectBucket {
    store: Arc<dyn ObjectStore>,
    name: Arc<str>,
    /// Whether the store lists keys in their order.
    ordered: bool,
}

impl ObjectBucket {
    /// A bucket in any store of the crate `object_store`.
    pub fn new(name: &str, store: Arc<dyn ObjectStore>) -> Self {
        Self { store, name: Arc::from(name), ordered: true }
    }

    /// The same of a store that lists keys in an order of its own, such as a file system.
    pub(crate) fn unordered(mut self) -> Self {
        self.ordered = false;
        self
    }

    /// A bucket in this process's memory, for tests and for a first try.
    pub fn memory(name: &str) -> Self {
        Self::new(name, Arc::new(object_store::memory::InMemory::new()))
    }

    fn failed(&self, path: &Path, error: &StoreError) -> Error {
        let asked = Asked { bucket: &self.name, key: Some(path.as_ref()), creates: false };
        explain(asked, error)
    }

    fn failed_to_write(&self, path: &Path, error: &StoreError) -> Error {
        let asked = Asked { bucket: &self.name, key: Some(path.as_ref()), creates: true };
        explain(asked, error)
    }

    fn failed_to_list(&self, error: &StoreError) -> Error {
        explain(Asked { bucket: &self.name, key: None, creates: true }, error)
    }
}

/// A key as a path of the store, which must not change a byte of it.
fn path(key: &str) -> Result<Path, Error> {
    let path = Path::parse(key).ok().filter(|path| path.as_ref() == key && !key.is_empty());
    path.ok_or_else(|| {
        let text = "a key has an empty, `.` or `..` segment, or a control character";
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
            if PARTS_FROM <= body.iter().map(Bytes::len).sum() {
                return self.write_parts(&path, body).await;
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
                Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
                Err(error) => Err(self.failed(&path, &error)),
            }
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        Box::pin(async move {
            // A store lists whole segments; what is left of the prefix is ours to hold.
            let folder = prefix.rsplit_once('/').map(|(folder, _)| path(folder)).transpose()?;
            let listed = match after {
                Some(after) => self.store.list_with_offset(folder.as_ref(), &path(after)?),
                None => self.store.list(folder.as_ref()),
            };
            let keys = listed.map_ok(|meta| meta.location.to_string());
            let keys = keys.try_filter(|key| futures::future::ready(key.starts_with(prefix)));
            let enough = if self.ordered { PAGE } else { usize::MAX };
            let mut keys: Vec<_> = keys
                .take(enough)
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
