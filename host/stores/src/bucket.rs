//! A bucket of an object store, by the crate `object_store`.

use std::{fmt, sync::Arc};

use bytes::{Bytes, BytesMut};
use cloakroom_core::{Bucket, Error, ErrorKind, Limit, PutMode, PutOutcome};
use futures::{StreamExt as _, TryStreamExt as _, future::BoxFuture, stream::BoxStream};
use object_store::{
    Error as StoreError, GetOptions, GetResult, GetResultPayload, ObjectStore, ObjectStoreExt as _,
    PutMode as StoreMode, PutMultipartOptions, PutPayload, WriteMultipart, path::Path,
};

use crate::failure::explain;

/// From this size on an object is written in parts, so that one that is lost on the way is not all
/// that is sent again. Parts cannot be made conditional: smaller objects are better off without.
const PARTS_FROM: usize = 100 << 20;

/// How large a part is, and how many are on their way at once.
const PART: usize = 8 << 20;
const PARTS: usize = 4;

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

    async fn create(&self, path: &Path, payload: PutPayload) -> Result<PutOutcome, Error> {
        match self.store.put_opts(path, payload.clone(), StoreMode::Create.into()).await {
            Ok(_) => Ok(PutOutcome::Written),
            // Some stores say so while another's write is under way, which may yet fail.
            Err(StoreError::AlreadyExists { .. }) => match self.store.head(path).await {
                Ok(_) => Ok(PutOutcome::AlreadyThere),
                Err(StoreError::NotFound { .. }) => self.overwrite(path, payload).await,
                Err(error) => Err(self.failed(error)),
            },
            Err(StoreError::NotImplemented { .. } | StoreError::NotSupported { .. }) => {
                self.overwrite(path, payload).await
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    async fn overwrite(&self, path: &Path, payload: PutPayload) -> Result<PutOutcome, Error> {
        let put = self.store.put(path, payload).await;
        put.map(|_| PutOutcome::Written).map_err(|error| self.failed(error))
    }

    async fn write_parts(&self, path: &Path, body: Vec<Bytes>) -> Result<PutOutcome, Error> {
        let started = self.store.put_multipart_opts(path, PutMultipartOptions::default()).await;
        let started = started.map_err(|error| self.failed(error))?;
        let mut parts = WriteMultipart::new_with_chunk_size(started, PART);
        for mut piece in body {
            while !piece.is_empty() {
                parts.wait_for_capacity(PARTS).await.map_err(|error| self.failed(error))?;
                parts.put(piece.split_to(PART.min(piece.len())));
            }
        }
        parts.finish().await.map_err(|error| self.failed(error))?;
        Ok(PutOutcome::Written)
    }

    async fn read(&self, key: &str, most: u64) -> Result<Bytes, Error> {
        let path = path(key)?;
        let found = self.store.get_opts(&path, GetOptions::default()).await;
        let found = found.map_err(|error| self.failed(error))?;
        if most < found.meta.size {
            return Err(too_large(found.meta.size, most));
        }
        self.body(found).await
    }

    async fn body(&self, found: GetResult) -> Result<Bytes, Error> {
        let size = found.meta.size;
        let body = match found.payload {
            GetResultPayload::Stream(stream) => collect(stream, size).await,
            GetResultPayload::File(..) => found.bytes().await,
        };
        let body = body.map_err(|error| self.failed(error))?;
        match body.len() as u64 == size {
            true => Ok(body),
            false => Err(Error::new(
                ErrorKind::Unavailable,
                format!("bucket `{}`: the store sent {} of {size} bytes", self.name, body.len()),
            )),
        }
    }

    fn failed(&self, error: StoreError) -> Error {
        explain(&self.name, error)
    }
}

/// Pieces put together in memory that is reserved once. One more than announced ends the reading.
async fn collect(
    mut stream: BoxStream<'static, Result<Bytes, StoreError>>,
    size: u64,
) -> Result<Bytes, StoreError> {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let first = stream.next().await.transpose()?.unwrap_or_default();
    if size <= first.len() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(size);
    whole.extend_from_slice(&first);
    drop(first);
    while let Some(piece) = stream.next().await.transpose()? {
        whole.extend_from_slice(&piece);
        if size < whole.len() {
            break;
        }
    }
    Ok(whole.freeze())
}

/// A key as a path of the store, which must not change a byte of it.
fn path(key: &str) -> Result<Path, Error> {
    let path = Path::parse(key).ok().filter(|path| path.as_ref() == key && !key.is_empty());
    path.ok_or_else(|| {
        let text = "a key has an empty, `.` or `..` segment, or a control character";
        Error::new(ErrorKind::Denied, text)
    })
}

fn too_large(size: u64, most: u64) -> Error {
    let text = format!("the object has {size} bytes, and the most is {most}");
    Error::new(ErrorKind::LimitExceeded(Limit::Payload), text)
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
        Box::pin(async move {
            match self.store.head(&path(key)?).await {
                Ok(meta) => Ok(Some(meta.size)),
                Err(StoreError::NotFound { .. }) => Ok(None),
                Err(error) => Err(self.failed(error)),
            }
        })
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            match self.store.delete(&path(key)?).await {
                Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
                Err(error) => Err(self.failed(error)),
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
            let mut keys: Vec<_> =
                keys.take(enough).try_collect().await.map_err(|error| self.failed(error))?;
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
