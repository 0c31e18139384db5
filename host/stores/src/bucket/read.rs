//! Reads from an object store, within a size limit and without reallocation.

use bytes::{Bytes, BytesMut};
use cloakroom_core::{Comparison, Error, ErrorKind, Limit, ObjectInfo, Thousands, clean};
use futures::{StreamExt as _, stream::BoxStream};
use object_store::{
    Error as StoreError, GetOptions, GetResult, GetResultPayload, ObjectMeta, path::Path,
};

use super::{ObjectBucket, path};
#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
use crate::client::ObjectRequest;
use crate::{attempt_counter::AttemptCounter, error::MAX_KEY};

impl ObjectBucket {
    /// Reads an object of at most `max` bytes.
    pub(super) async fn read(&self, key: &str, max: u64) -> Result<Bytes, Error> {
        let path = path(key)?;
        let found = self.store.get_opts(&path, options()).await;
        let found = found.map_err(|error| self.failed(&path, &error))?;
        // The size comes with the head of the response, so nothing of the body is in memory yet.
        if found.meta.size > max {
            return Err(self.too_large(key, found.meta.size, max));
        }
        self.read_body(&path, found).await
    }

    /// Returns size and age of an object, or `None` if it does not exist.
    pub(super) async fn measure(&self, key: &str) -> Result<Option<ObjectInfo>, Error> {
        let path = path(key)?;
        match self.head(&path).await {
            Ok(meta) => {
                Ok(Some(ObjectInfo { size: meta.size, modified: Some(meta.last_modified.into()) }))
            }
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(&path, &error)),
        }
    }

    /// Returns whether an object equals these bytes. Compares while reading, and stops at a
    /// difference.
    pub(super) async fn compare(&self, key: &str, body: &[Bytes]) -> Result<bool, Error> {
        let path = path(key)?;
        let failed = |error| self.failed(&path, &error);
        let found = self.store.get_opts(&path, options()).await.map_err(failed)?;
        let mut comparison = Comparison::new(body);
        let mut stream = found.into_stream();
        while let Some(piece) = stream.next().await.transpose().map_err(failed)? {
            if !comparison.takes(&piece) {
                return Ok(false);
            }
        }
        Ok(comparison.is_complete())
    }

    /// Returns the metadata of an object.
    pub(super) async fn head(&self, path: &Path) -> Result<ObjectMeta, StoreError> {
        let options = GetOptions { head: true, ..options() };
        Ok(self.store.get_opts(path, options).await?.meta)
    }

    async fn read_body(&self, path: &Path, found: GetResult) -> Result<Bytes, Error> {
        let size = found.meta.size;
        let body = match found.payload {
            GetResultPayload::Stream(stream) => collect(stream, size).await,
            // The library reads a file on a thread that may block, and knows its size.
            GetResultPayload::File(..) => found.bytes().await,
        };
        let body = body.map_err(|error| self.failed(path, &error))?;
        if body.len() as u64 == size {
            return Ok(body);
        }
        let text = format!(
            "bucket `{}`, key `{}`: the store sent {} of {} bytes",
            self.name,
            clean(path.as_ref(), MAX_KEY),
            Thousands(body.len() as u64),
            Thousands(size)
        );
        Err(Error::new(ErrorKind::Unavailable, text))
    }

    fn too_large(&self, key: &str, size: u64, max: u64) -> Error {
        let text = format!(
            "bucket `{}`, key `{}`: the object has {} bytes, but at most {} are read",
            self.name,
            clean(key, MAX_KEY),
            Thousands(size),
            Thousands(max)
        );
        Error::new(ErrorKind::LimitExceeded(Limit::Payload), text)
    }
}

fn options() -> GetOptions {
    let mut options = GetOptions::default();
    options.extensions.insert(AttemptCounter::default());
    #[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
    options.extensions.insert(ObjectRequest);
    options
}

/// Collects a stream in a buffer of the announced size.
///
/// A store that sends more than it announced must not fill the memory, so reading ends there. The
/// caller refuses a body of the wrong size.
async fn collect(
    mut stream: BoxStream<'static, Result<Bytes, StoreError>>,
    size: u64,
) -> Result<Bytes, StoreError> {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    // A small object arrives in one piece, which is returned without a copy.
    let first = stream.next().await.transpose()?.unwrap_or_default();
    if first.len() >= size {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(size);
    whole.extend_from_slice(&first);
    drop(first);
    while let Some(piece) = stream.next().await.transpose()? {
        whole.extend_from_slice(&piece);
        if whole.len() > size {
            break;
        }
    }
    Ok(whole.freeze())
}
