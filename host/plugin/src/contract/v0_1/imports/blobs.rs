//! `blobs`, the imported interface: buckets, within their grants.

use std::future::Future;

use cloakroom_core::{Error as HostError, ErrorKind, Limit, PutMode, PutOutcome, clean};
use wasmtime::component::Resource;

use super::not_granted::not_granted;
use crate::{
    compute::{background, large_work},
    contract::v0_1::bindings::cloakroom::plugin::{
        blobs::{Host, HostBucket, Mode, Outcome},
        types::Error,
    },
    grants::granted_buckets::GrantedBuckets,
    instance::{fault::Fault, resources::BucketResource, rope::Rope, state::InstanceState},
};

type Answer<T> = wasmtime::Result<Result<T, Error>>;

/// Most characters of a key that are shown.
const KEY: usize = 1024;

/// Most keys that `list` returns at once.
const KEYS: usize = 1000;

/// Bytes that a list of the bindings and the allocator add to a key.
const KEY_OVERHEAD: usize = 48;

impl Host for InstanceState {
    fn open(&mut self, name: String) -> Answer<Resource<BucketResource>> {
        let _call = self.host_call("blobs.open", name.len());
        let granted = self.config.grants.buckets.get(&name).cloned();
        self.open_granted(granted, &name)
    }

    fn find(&mut self, name: String) -> Answer<Resource<BucketResource>> {
        let _call = self.host_call("blobs.find", name.len());
        let granted = GrantedBuckets::with_store_name(&name, self.config.grants.buckets.values());
        self.open_granted(granted, &name)
    }
}

impl InstanceState {
    fn open_granted(
        &mut self,
        bucket: Option<GrantedBuckets>,
        name: &str,
    ) -> Answer<Resource<BucketResource>> {
        match bucket {
            Some(bucket) => self.put_bucket(bucket).map(Ok),
            None => {
                let granted = self.config.grants.buckets.keys();
                let error = not_granted("bucket", name, granted, &self.config.settings);
                Ok(Err(self.call.refuse(error)))
            }
        }
    }

    /// Waits for a store, and records its error: a guest can return its text only, and the operator needs
    /// kind and cause as well.
    async fn request<T: Send + 'static>(
        &mut self,
        request: impl Future<Output = Result<T, HostError>> + Send + 'static,
    ) -> Result<T, Error> {
        // Objects are payloads, and a guest without a payload writes to the log freely.
        if self.call.describing {
            return Err(Error::Denied("buckets cannot be used while loading".to_owned()));
        }
        background::run(request).await.map_err(|error| self.call.refuse(error))
    }
}

fn another_object(bucket: &str, key: &str) -> HostError {
    let key = clean(key, KEY);
    let text = format!(
        "bucket `{bucket}`, key `{key}`: another object is there, and the payload would not be found \
         again: remove that object, or have the codec make keys of the content"
    );
    HostError::new(ErrorKind::Corrupt, text)
}

impl HostBucket for InstanceState {
    fn name(&mut self, bucket: Resource<BucketResource>) -> wasmtime::Result<String> {
        Ok(self.bucket(&bucket)?.name().to_owned())
    }

    async fn put(
        &mut self,
        bucket: Resource<BucketResource>,
        key: String,
        body: Resource<Rope>,
        mode: Mode,
    ) -> Answer<Outcome> {
        let (bucket, body) = (self.bucket(&bucket)?, self.buffer(&body)?.clone());
        let _call = self.host_call("bucket.put", body.len());
        let mode = match mode {
            Mode::Create => PutMode::Create,
            Mode::Overwrite => PutMode::Overwrite,
        };
        large_work::yield_before_processing(body.len(), &self.call.clock).await;
        // In a call that retrieves or decodes, no put is the object, so nothing is renewed or repaired.
        let storing = self.call.progress.is_storing() || self.call.moves_parts;
        let request = {
            let (bucket, key, body) = (bucket.clone(), key.clone(), body.clone());
            async move { bucket.put(&key, (&body).into(), mode, storing).await }
        };
        let upload = self.request(request).await;
        if let Ok(upload) = upload {
            self.call.progress.record(bucket.name(), &key, body.len(), upload);
            // A driver is asked at its end whether its object is where it said. A codec may write many, and
            // one that took another object for its own would lose a part of the payload.
            if self.call.moves_parts && upload.is_other() {
                let error = another_object(bucket.name(), &key);
                return Ok(Err(self.call.refuse(error)));
            }
        }
        Ok(upload.map(|upload| match upload.outcome() {
            PutOutcome::Written => Outcome::Written,
            PutOutcome::AlreadyThere => Outcome::AlreadyThere,
        }))
    }

    async fn get(
        &mut self,
        bucket: Resource<BucketResource>,
        key: String,
        limit: u64,
    ) -> Answer<Resource<Rope>> {
        let mut call = self.host_call("bucket.get", key.len());
        let (bucket, limit) = (self.bucket(&bucket)?, limit.min(self.call.object_limit));
        let left = self.meter.output_left();
        let room = usize::try_from(limit).unwrap_or(usize::MAX).min(left);
        // Reserved before the request: the bucket allocates room for the whole object at once.
        let mut reservation = self.meter.reserve(room)?;
        match self.request(async move { bucket.get(&key, room as u64).await }).await {
            Ok(bytes) => {
                call.returns(bytes.len());
                self.meter.count_output(bytes.len())?;
                reservation.shrink_to(bytes.len());
                self.put_buffer(Rope::piece(bytes, reservation.into())).map(Ok)
            }
            // The store had more than the call may still produce, though not more than the guest asked for.
            Err(Error::TooLarge(_)) if (room as u64) < limit => Fault::Limit(Limit::Output).trap(),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn size(&mut self, bucket: Resource<BucketResource>, key: String) -> Answer<Option<u64>> {
        let _call = self.host_call("bucket.size", key.len());
        let bucket = self.bucket(&bucket)?;
        match self.call.progress.size(bucket.name(), &key) {
            Some(size) => Ok(Ok(Some(size))),
            None => Ok(self.request(async move { bucket.size(&key).await }).await),
        }
    }

    async fn remove(&mut self, bucket: Resource<BucketResource>, key: String) -> Answer<()> {
        let _call = self.host_call("bucket.remove", key.len());
        let bucket = self.bucket(&bucket)?;
        Ok(self.request(async move { bucket.remove(&key).await }).await)
    }

    async fn list(
        &mut self,
        bucket: Resource<BucketResource>,
        prefix: String,
        after: Option<String>,
    ) -> Answer<Vec<String>> {
        let mut call = self.host_call("bucket.list", prefix.len());
        let bucket = self.bucket(&bucket)?;
        let request = async move { bucket.list(&prefix, after.as_deref()).await };
        let mut listed = self.request(request).await;
        if let Ok(keys) = &mut listed {
            keys.truncate(KEYS);
            let size = keys.iter().map(|key| key.len() + KEY_OVERHEAD).sum();
            call.returns(size);
            self.meter.reserve_in_transit(size)?;
        }
        Ok(listed)
    }

    fn drop(&mut self, bucket: Resource<BucketResource>) -> wasmtime::Result<()> {
        self.discard(bucket.rep())
    }
}
