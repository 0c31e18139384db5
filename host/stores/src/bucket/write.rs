//! Writes to an object store: conditional, unconditional, or in parts.

use bytes::Bytes;
use cloakroom_core::{Error, PutOutcome};
use object_store::{
    Error as StoreError, PutMode as StoreMode, PutMultipartOptions, PutOptions, PutPayload,
    WriteMultipart, path::Path,
};

use super::ObjectBucket;
use crate::{attempt_counter::AttemptCounter, repeatable_write::RepeatableWrite};

/// Size of one part of a multipart upload in bytes.
const PART: usize = 8 << 20;

/// Parts that are uploaded concurrently.
const CONCURRENT_PARTS: usize = 4;

impl ObjectBucket {
    /// Writes an object unless one exists under the path.
    pub(super) async fn create(
        &self,
        path: &Path,
        payload: PutPayload,
    ) -> Result<PutOutcome, Error> {
        match self.store.put_opts(path, payload.clone(), options(StoreMode::Create)).await {
            Ok(_) => Ok(PutOutcome::Written),
            // Some stores report a conflict while another write is still running, and that one may
            // fail. Only an object that can be seen counts as stored.
            Err(StoreError::AlreadyExists { .. }) => match self.head(path).await {
                Ok(_) => Ok(PutOutcome::AlreadyThere),
                Err(StoreError::NotFound { .. }) => self.overwrite(path, payload).await,
                // Credentials may allow writing but not reading.
                Err(StoreError::PermissionDenied { .. }) => Ok(PutOutcome::AlreadyThere),
                Err(error) => Err(self.failed(path, &error)),
            },
            // Drivers name objects by their digest, so overwriting one replaces it by the same
            // bytes.
            Err(StoreError::NotImplemented { .. } | StoreError::NotSupported { .. }) => {
                self.overwrite(path, payload).await
            }
            Err(error) => Err(self.failed_to_write(path, &error)),
        }
    }

    /// Writes an object, whether or not one exists under the path.
    pub(super) async fn overwrite(
        &self,
        path: &Path,
        payload: PutPayload,
    ) -> Result<PutOutcome, Error> {
        let put = self.store.put_opts(path, payload, options(StoreMode::Overwrite)).await;
        put.map(|_| PutOutcome::Written).map_err(|error| self.failed_to_write(path, &error))
    }

    /// Writes an object as a multipart upload, whether or not one exists under the path.
    pub(super) async fn write_multipart(
        &self,
        path: &Path,
        body: Vec<Bytes>,
    ) -> Result<PutOutcome, Error> {
        let failed = |error: StoreError| self.failed_to_write(path, &error);
        let mut options = PutMultipartOptions::default();
        options.extensions.insert(AttemptCounter::default());
        let started = self.store.put_multipart_opts(path, options).await.map_err(failed)?;
        // S3 takes parts of 5 MiB or more, and at most 10,000 of them.
        let mut parts = WriteMultipart::new_with_chunk_size(started, PART);
        for mut piece in body {
            while !piece.is_empty() {
                parts.wait_for_capacity(CONCURRENT_PARTS).await.map_err(failed)?;
                parts.put(piece.split_to(PART.min(piece.len())));
            }
        }
        parts.finish().await.map_err(failed)?;
        Ok(PutOutcome::Written)
    }
}

fn options(mode: StoreMode) -> PutOptions {
    let mut options = PutOptions::from(mode);
    options.extensions.insert(AttemptCounter::default());
    options.extensions.insert(RepeatableWrite);
    options
}
