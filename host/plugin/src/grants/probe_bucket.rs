//! Bucket in memory, for the probes of a codec that moves payloads into buckets.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use cloakroom_core::{Bucket, Error, ErrorKind, Limit, PutMode, PutOutcome};
use futures::future::{BoxFuture, ready};

/// Bucket in memory with the name of another. A codec is tried each time a configuration is loaded, and
/// what it is tried with does not belong into a store.
pub(super) struct ProbeBucket {
    name: String,
    objects: Mutex<BTreeMap<String, Bytes>>,
}

impl ProbeBucket {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), objects: Mutex::default() }
    }

    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket for ProbeBucket {
    fn name(&self) -> &str {
        &self.name
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        body: Vec<Bytes>,
        mode: PutMode,
    ) -> BoxFuture<'a, Result<PutOutcome, Error>> {
        let mut objects = self.objects();
        let is_there = objects.contains_key(key);
        if is_there && mode == PutMode::Create {
            return Box::pin(ready(Ok(PutOutcome::AlreadyThere)));
        }
        objects.insert(key.to_owned(), body.concat().into());
        Box::pin(ready(Ok(PutOutcome::Written)))
    }

    fn get<'a>(&'a self, key: &'a str, most: u64) -> BoxFuture<'a, Result<Bytes, Error>> {
        let found = self.objects().get(key).cloned();
        Box::pin(ready(match found {
            Some(object) if object.len() as u64 > most => {
                let text = "the object is larger than was asked for";
                Err(Error::new(ErrorKind::LimitExceeded(Limit::Payload), text))
            }
            Some(object) => Ok(object),
            None => Err(Error::new(ErrorKind::NotFound, "there is no such object")),
        }))
    }

    fn size<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<u64>, Error>> {
        let size = self.objects().get(key).map(|object| object.len() as u64);
        Box::pin(ready(Ok(size)))
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        self.objects().remove(key);
        Box::pin(ready(Ok(())))
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        let objects = self.objects();
        let keys = objects.keys().filter(|key| key.starts_with(prefix));
        let keys = keys.filter(|key| after.is_none_or(|after| key.as_str() > after));
        Box::pin(ready(Ok(keys.cloned().collect())))
    }
}
