//! The suite of buckets: those that Cloakroom has keep every rule, and faulty ones break one.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use cloakroom::{
    BoxFuture, Error, ErrorKind, Limit,
    bytes::Bytes,
    storage::{Bucket, BucketUrl, ObjectBucket, PutMode, PutOutcome},
};
use cloakroom_conformance::BucketSuite;

use super::breaks;

/// Each breaks the rule of its name.
const FAULTS: [&str; 13] = [
    "name",
    "round-trip",
    "size",
    "missing",
    "limit",
    "equals",
    "create",
    "create-atomic",
    "overwrite",
    "remove",
    "keys",
    "unsafe-keys",
    "list",
];

pub(super) fn every_rule_has_a_fault() {
    let rules: BTreeSet<_> = BucketSuite::rules().map(|rule| rule.id).collect();
    assert_eq!(BTreeSet::from(FAULTS), rules);
}

/// A bucket in memory with one fault.
struct Faulty {
    fault: &'static str,
    objects: Mutex<BTreeMap<String, Bytes>>,
}

impl Faulty {
    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.objects.lock().unwrap()
    }

    fn key(&self, key: &str) -> Result<String, Error> {
        let is_odd = |segment: &str| segment.is_empty() || segment == "." || segment == "..";
        if self.fault != "unsafe-keys" && key.split('/').any(is_odd) {
            return Err(Error::new(ErrorKind::Denied, "an odd key"));
        }
        if key.is_empty() {
            return Err(Error::new(ErrorKind::Denied, "no key"));
        }
        Ok(if self.fault == "keys" { key.to_lowercase() } else { key.to_owned() })
    }

    async fn write(&self, key: &str, body: Vec<Bytes>, mode: PutMode) -> Result<PutOutcome, Error> {
        let key = self.key(key)?;
        let whole: Vec<u8> = match (self.fault, &*body) {
            // The last piece is lost.
            ("round-trip", [pieces @ .., _]) if pieces.len() > 2 => {
                pieces.get(..2).unwrap_or_default().concat()
            }
            (_, pieces) => pieces.concat(),
        };
        let is_there = self.objects().contains_key(&key);
        if mode == PutMode::Create && self.fault == "create-atomic" && !is_there {
            // All of them have looked before the first one writes.
            tokio::task::yield_now().await;
        } else if mode == PutMode::Create
            && is_there
            && !(self.fault == "create" && whole.len() < 1000)
        {
            return Ok(PutOutcome::AlreadyThere);
        }
        if self.fault == "overwrite" && whole.is_empty() && is_there {
            return Ok(PutOutcome::Written);
        }
        self.objects().insert(key, whole.into());
        Ok(PutOutcome::Written)
    }

    fn read(&self, key: &str, most: u64) -> Result<Bytes, Error> {
        let key = self.key(key)?;
        let Some(object) = self.objects().get(&key).cloned() else {
            let is_missing = self.fault == "missing" && key.contains("/missing/");
            let kind = if is_missing { ErrorKind::Unavailable } else { ErrorKind::NotFound };
            return Err(Error::new(kind, "no such object"));
        };
        if object.len() as u64 > most && self.fault != "limit" {
            return Err(Error::new(ErrorKind::LimitExceeded(Limit::Payload), "too large"));
        }
        Ok(object)
    }
}

impl Bucket for Faulty {
    fn name(&self) -> &str {
        if self.fault == "name" { "" } else { "faulty" }
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        body: Vec<Bytes>,
        mode: PutMode,
    ) -> BoxFuture<'a, Result<PutOutcome, Error>> {
        Box::pin(self.write(key, body, mode))
    }

    fn get<'a>(&'a self, key: &'a str, most: u64) -> BoxFuture<'a, Result<Bytes, Error>> {
        Box::pin(async move { self.read(key, most) })
    }

    fn size<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<u64>, Error>> {
        Box::pin(async move {
            let size = self.objects().get(&self.key(key)?).map(|object| object.len() as u64);
            Ok(size.map(|size| if self.fault == "size" { size.max(1) } else { size }))
        })
    }

    fn equals<'a>(&'a self, key: &'a str, body: &'a [Bytes]) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            let (stored, body) = (self.read(key, u64::MAX)?, body.concat());
            let is_start = stored.starts_with(&body) && !body.is_empty();
            Ok(if self.fault == "equals" { is_start } else { *stored == body })
        })
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let key = self.key(key)?;
            if self.fault == "remove" {
                // A prefix, where it was asked for a key.
                self.objects().retain(|other, _| !other.starts_with(&key));
            } else {
                self.objects().remove(&key);
            }
            Ok(())
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        Box::pin(async move {
            let is_after = |key: &&String| match after {
                Some(after) if self.fault == "list" => key.as_str() >= after,
                Some(after) => key.as_str() > after,
                None => true,
            };
            let objects = self.objects();
            let keys = objects.keys().filter(|key| key.starts_with(prefix)).filter(is_after);
            Ok(keys.take(3).cloned().collect())
        })
    }
}

#[tokio::test]
async fn each_faulty_bucket_breaks_its_rule() {
    for fault in FAULTS.into_iter().map(Some).chain([None]) {
        let bucket = Faulty { fault: fault.unwrap_or_default(), objects: Mutex::default() };
        breaks(&BucketSuite::new(Arc::new(bucket)).run().await, fault, &[]);
    }
}

async fn keeps_all(bucket: impl Bucket + 'static) {
    let report = BucketSuite::new(Arc::new(bucket)).run().await;
    assert!(report.is_passed(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_keep_every_rule() {
    keeps_all(ObjectBucket::memory("memory")).await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file:{}", folder.path().display());
    keeps_all(BucketUrl::new(url).open().unwrap()).await;
    keeps_all(crate::s3::moto("conformance-bucket")).await;
}
