//! `blobs`: buckets, within their grants.

use std::future::Future;

use cloakroom_core::{Error as HostError, Limit, PutMode, PutOutcome};
use wasmtime::component::Resource;

use crate::contract::v0_1::{
    bindings::cloakroom::plugin::{
        blobs::{Host, HostBucket, Mode, Outcome},
        types::Error,
    },
    not_granted,
};
use crate::{
    compute::{long_work, runtime},
    grants::bucket_access::GrantedBuckets,
    instance::{
        fault::Fault,
        rope::Rope,
        state::{BucketMark, State},
    },
};

type Answer<T> = wasmtime::Result<Result<T, Error>>;

/// What `list` gives at once, at most, and so the guest holds.
const LISTED: usize = 1000;

/// Memory that a list and an allocator add to each of them.
const ENTRY: usize = 48;

impl Host for State {
    fn open(&mut self, name: String) -> Answer<Resource<BucketMark>> {
        let granted = self.scope.grants.buckets.get(&name).cloned();
        self.granted(granted, &name)
    }

    fn find(&mut self, name: String) -> Answer<Resource<BucketMark>> {
        let granted = GrantedBuckets::called(&name, self.scope.grants.buckets.values());
        self.granted(granted, &name)
    }
}

impl State {
    fn granted(
        &mut self,
        bucket: Option<GrantedBuckets>,
        name: &str,
    ) -> Answer<Resource<BucketMark>> {
        match bucket {
            Some(bucket) => self.put_bucket(bucket).map(Ok),
            None => {
                let granted = self.scope.grants.buckets.keys();
                let error = not_granted("bucket", name, granted, &self.scope.settings);
                Ok(Err(self.call.refuse(error)))
            }
        }
    }

    /// Waits for a store, and remembers why it did not answer: a guest hands on a text, and the
    /// operator needs the rest.
    async fn ask<T: Send + 'static>(
        &mut self,
        asked: impl Future<Output = Result<T, HostError>> + Send + 'static,
    ) -> Result<T, Error> {
        if !self.call.confidential {
            return Err(Error::Denied("buckets cannot be used while loading".to_owned()));
        }
        runtime::run(asked).await.map_err(|error| self.call.refuse(error))
    }
}

impl HostBucket for State {
    fn name(&mut self, bucket: Resource<BucketMark>) -> wasmtime::Result<String> {
        Ok(self.bucket(&bucket)?.name().to_owned())
    }

    async fn put(
        &mut self,
        bucket: Resource<BucketMark>,
        key: String,
        body: Resource<Rope>,
        mode: Mode,
    ) -> Answer<Outcome> {
        let (bucket, body) = (self.bucket(&bucket)?, self.buffer(&body)?.clone());
        let mode = match mode {
            Mode::Create => PutMode::Create,
            Mode::Overwrite => PutMode::Overwrite,
        };
        long_work::begin(body.len(), &self.call.clock).await;
        let storing = self.call.progress.is_storing();
        let asked = {
            let (bucket, key, body) = (bucket.clone(), key.clone(), body.clone());
            async move { bucket.put(&key, &body, mode, storing).await }
        };
        let put = self.ask(asked).await;
        if let Ok(put) = put {
            self.call.progress.note(bucket.name(), &key, body.len(), put);
        }
        Ok(put.map(|put| match put.outcome() {
            PutOutcome::Written => Outcome::Written,
            PutOutcome::AlreadyThere => Outcome::AlreadyThere,
        }))
    }

    async fn get(
        &mut self,
        bucket: Resource<BucketMark>,
        key: String,
        limit: u64,
    ) -> Answer<Resource<Rope>> {
        let (bucket, most) = (self.bucket(&bucket)?, limit.min(self.call.most));
        let left = self.meter.output_left();
        let room = usize::try_from(most).unwrap_or(usize::MAX).min(left);
        // Counted before the store is asked: the bucket has room for the whole object at once.
        let mut count = self.meter.hold(room)?;
        match self.ask(async move { bucket.get(&key, room as u64).await }).await {
            Ok(bytes) => {
                self.meter.output(bytes.len())?;
                count.shrink_to(bytes.len());
                self.put_buffer(Rope::piece(bytes, count.into())).map(Ok)
            }
            Err(Error::TooLarge(_)) if (room as u64) < most => Fault::Limit(Limit::Output).trap(),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn size(&mut self, bucket: Resource<BucketMark>, key: String) -> Answer<Option<u64>> {
        let bucket = self.bucket(&bucket)?;
        match self.call.progress.size(bucket.name(), &key) {
            Some(size) => Ok(Ok(Some(size))),
            None => Ok(self.ask(async move { bucket.size(&key).await }).await),
        }
    }

    async fn remove(&mut self, bucket: Resource<BucketMark>, key: String) -> Answer<()> {
        let bucket = self.bucket(&bucket)?;
        Ok(self.ask(async move { bucket.remove(&key).await }).await)
    }

    async fn list(
        &mut self,
        bucket: Resource<BucketMark>,
        prefix: String,
        after: Option<String>,
    ) -> Answer<Vec<String>> {
        let bucket = self.bucket(&bucket)?;
        let listed = async move { bucket.list(&prefix, after.as_deref()).await };
        let mut listed = self.ask(listed).await;
        if let Ok(keys) = &mut listed {
            keys.truncate(LISTED);
            self.meter.pass(keys.iter().map(|key| key.len() + ENTRY).sum())?;
        }
        Ok(listed)
    }

    fn drop(&mut self, bucket: Resource<BucketMark>) -> wasmtime::Result<()> {
        self.discard(bucket.rep())
    }
}
