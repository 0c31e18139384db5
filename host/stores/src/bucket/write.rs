//! Writing to an object store: as a whole, only if nothing is there, or in parts.

use bytes::Bytes;
use cloakroom_core::{Error, PutOutcome};
use object_store::{
    Error as StoreError, PutMode as StoreMode, PutMultipartOptions, PutOptions, PutPayload,
    WriteMultipart, path::Path,
};

use super::ObjectBucket;
use crate::attempt_counter::Attempts;

/// How large a part is, and how many are on their way at once.
const PART: usize = 8 << 20;
const PARTS: usize = 4;

impl ObjectBucket {
    pub(super) async fn create(
        &self,
        path: &Path,
        payload: PutPayload,
    ) -> Result<PutOutcome, Error> {
        match self.store.put_opts(path, payload.clone(), options(StoreMode::Create)).await {
            Ok(_) => Ok(PutOutcome::Written),
            // Some stores say so while another's write is under way, which may yet fail.
            Err(StoreError::AlreadyExists { .. }) => match self.head(path).await {
                Ok(_) => Ok(PutOutcome::AlreadyThere),
                Err(StoreError::NotFound { .. }) => self.overwrite(path, payload).await,
                // Asking may be denied where writing is not.
                Err(StoreError::PermissionDenied { .. }) => Ok(PutOutcome::AlreadyThere),
                Err(error) => Err(self.failed(path, &error)),
            },
            Err(StoreError::NotImplemented { .. } | StoreError::NotSupported { .. }) => {
                self.overwrite(path, payload).await
            }
            Err(error) => Err(self.failed_to_write(path, &error)),
        }
    }

    pub(super) async fn overwrite(
        &self,
        path: &Path,
        payload: PutPayload,
    ) -> Result<PutOutcome, Error> {
        let put = self.store.put_opts(path, payload, options(StoreMode::Overwrite)).await;
        put.map(|_| PutOutcome::Written).map_err(|error| self.failed_to_write(path, &error))
    }

    pub(super) async fn write_parts(
        &self,
        path: &Path,
        body: Vec<Bytes>,
    ) -> Result<PutOutcome, Error> {
        let failed = |error: StoreError| self.failed_to_write(path, &error);
        let mut options = PutMultipartOptions::default();
        options.extensions.insert(Attempts::default());
        let started = self.store.put_multipart_opts(path, options).await.map_err(failed)?;
        let mut parts = WriteMultipart::new_with_chunk_size(started, PART);
        for mut piece in body {
            while !piece.is_empty() {
                parts.wait_for_capacity(PARTS).await.map_err(failed)?;
                parts.put(piece.split_to(PART.min(piece.len())));
            }
        }
        parts.finish().await.map_err(failed)?;
        Ok(PutOutcome::Written)
    }
}

fn options(mode: StoreMode) -> PutOptions {
    let mut options = PutOptions::from(mode);
    options.extensions.insert(Attempts::default());
    options
}
