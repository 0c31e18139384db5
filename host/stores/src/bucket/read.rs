//! Reading from an object store: within a size, and into memory that is reserved once.

use bytes::{Bytes, BytesMut};
use cloakroom_core::{Comparison, Error, ErrorKind, Limit, ObjectInfo, clean};
use futures::{StreamExt as _, stream::BoxStream};
use object_store::{
    Error as StoreError, GetOptions, GetResult, GetResultPayload, ObjectMeta, path::Path,
};

use super::{ObjectBucket, path};
#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
use crate::client::ReadsObject;
use crate::{attempt_counter::Attempts, error::KEY};

impl ObjectBucket {
    pub(super) async fn read(&self, key: &str, most: u64) -> Result<Bytes, Error> {
        let path = path(key)?;
        let found = self.store.get_opts(&path, options()).await;
        let found = found.map_err(|error| self.failed(&path, &error))?;
        if found.meta.size > most {
            return Err(self.too_large(key, found.meta.size, most));
        }
        self.body(&path, found).await
    }

    /// Returns size and age of an object, if it is there.
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

    /// Compares an object with these bytes while it is read, and stops where they differ.
    pub(super) async fn compare(&self, key: &str, body: &[Bytes]) -> Result<bool, Error> {
        let path = path(key)?;
        let failed = |error| self.failed(&path, &error);
        let found = self.store.get_opts(&path, options()).await.map_err(failed)?;
        let mut comparison = Comparison::with(body);
        let mut stream = found.into_stream();
        while let Some(piece) = stream.next().await.transpose().map_err(failed)? {
            if !comparison.takes(&piece) {
                return Ok(false);
            }
        }
        Ok(comparison.is_complete())
    }

    pub(super) async fn head(&self, path: &Path) -> Result<ObjectMeta, StoreError> {
        let options = GetOptions { head: true, ..options() };
        Ok(self.store.get_opts(path, options).await?.meta)
    }

    async fn body(&self, path: &Path, found: GetResult) -> Result<Bytes, Error> {
        let size = found.meta.size;
        let body = match found.payload {
            GetResultPayload::Stream(stream) => collect(stream, size).await,
            GetResultPayload::File(..) => found.bytes().await,
        };
        let body = body.map_err(|error| self.failed(path, &error))?;
        if body.len() as u64 == size {
            return Ok(body);
        }
        let text = format!(
            "bucket `{}`, key `{}`: the store sent {} of {size} bytes",
            self.name,
            clean(path.as_ref(), KEY),
            body.len()
        );
        Err(Error::new(ErrorKind::Unavailable, text))
    }

    fn too_large(&self, key: &str, size: u64, most: u64) -> Error {
        let text = format!(
            "bucket `{}`, key `{}`: the object has {size} bytes, and the most is {most}",
            self.name,
            clean(key, KEY)
        );
        Error::new(ErrorKind::LimitExceeded(Limit::Payload), text)
    }
}

fn options() -> GetOptions {
    let mut options = GetOptions::default();
    options.extensions.insert(Attempts::default());
    #[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
    options.extensions.insert(ReadsObject);
    options
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
