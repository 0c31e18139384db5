//! Tries stores with a probe object that is written, read back and removed.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use cloakroom_core::{Bucket, ByteSize, Claim, Context, Driver, Error, ErrorKind, Kind, Payload};
use cloakroom_pipeline::{Offload, Pipeline};
use cloakroom_plugin::BucketAccess;
use cloakroom_temporal::TemporalReferences;

use crate::{
    config,
    inventory::Inventory,
    report::{DriverReport, StoreOutcome, StoreRow, StoreStep},
    ring_bucket_check::check_ring_buckets,
    store_advice::advice,
};

/// A bucket that a driver is granted, with its access.
struct GrantedBucket<'a> {
    name: &'a str,
    url: &'a str,
    bucket: &'a Arc<dyn Bucket>,
    access: &'a BucketAccess,
}

/// A driver that is tried, and the buckets that it is granted.
struct TestedDriver<'a> {
    report: &'a DriverReport,
    driver: &'a Arc<dyn Driver>,
    buckets: Vec<GrantedBucket<'a>>,
    time: Duration,
}

/// Returns a row for each step with each store.
pub(crate) async fn check_stores(inventory: &Inventory) -> Vec<StoreRow> {
    let mut rows = Vec::new();
    for (report, (_, driver)) in inventory.report.drivers.iter().zip(&inventory.drivers) {
        let buckets = report.buckets.iter().filter_map(|name| granted(inventory, name)).collect();
        let tested = TestedDriver { report, driver, buckets, time: inventory.time };
        rows.extend(tested.rows().await);
    }
    rows.extend(read_only(inventory).await);
    let body = probe().envelope().to_bytes();
    rows.extend(check_ring_buckets(inventory, body).await);
    rows
}

fn granted<'a>(inventory: &'a Inventory, name: &'a str) -> Option<GrantedBucket<'a>> {
    let (bucket, access) = inventory.buckets.get(name)?;
    let report = inventory.report.buckets.iter().find(|report| report.name == name)?;
    Some(GrantedBucket { name, url: &report.url, bucket, access })
}

impl TestedDriver<'_> {
    /// Returns the rows of one driver.
    async fn rows(&self) -> Vec<StoreRow> {
        let writable: Vec<_> =
            self.buckets.iter().filter(|granted| !granted.access.is_read_only()).collect();
        if writable.is_empty() && !self.buckets.is_empty() {
            return Vec::new();
        }
        self.write_and_read(&writable).await
    }

    async fn write_and_read(&self, writable: &[&GrantedBucket<'_>]) -> Vec<StoreRow> {
        let names: Vec<_> = writable.iter().map(|granted| granted.name).collect();
        let (names, url) = (names.join(", "), writable.first().map_or("", |granted| granted.url));
        let failed = |step, error: &Error| self.failed(&names, url, step, error);
        let row = |step, outcome| self.row(&names, step, outcome);

        let pipeline = match self.pipeline() {
            Ok(pipeline) => pipeline,
            Err(error) => return vec![failed(StoreStep::Write, &error)],
        };
        let (ctx, payload) = (context(writable), probe());
        let stored = match pipeline.encode(&ctx, vec![payload.clone()]).await {
            Ok(stored) => stored,
            Err(error) => return vec![failed(StoreStep::Write, &error)],
        };
        let mut rows = vec![row(StoreStep::Write, StoreOutcome::Done)];
        rows.push(match pipeline.decode(&ctx, stored.clone()).await {
            Ok(read) if read == [payload.clone()] => row(StoreStep::Read, StoreOutcome::Done),
            Ok(_) => {
                let text = "what was read back is not what was stored";
                failed(StoreStep::Read, &Error::new(ErrorKind::Corrupt, text))
            }
            Err(error) => failed(StoreStep::Read, &error),
        });
        for reference in stored {
            let explained = pipeline.explain(&ctx, reference).await;
            let claim = explained.stored.map(|stored| stored.claim).unwrap_or_default();
            let tidied = self.renew_and_remove(writable, &claim, &payload);
            // Writing and reading have succeeded, so a store that hangs here is noted, and is no
            // failure.
            rows.extend(tokio::time::timeout(self.time, tidied).await.unwrap_or_else(|_| {
                let text = "the store did not answer; the probe object stays".to_owned();
                vec![row(StoreStep::Remove, StoreOutcome::Noted(text))]
            }));
        }
        rows
    }

    /// Renews the age of the probe object where the bucket asks for that, and removes it.
    async fn renew_and_remove(
        &self,
        writable: &[&GrantedBucket<'_>],
        claim: &Claim,
        probe: &Payload,
    ) -> Vec<StoreRow> {
        let object = probe.envelope().to_bytes();
        let Some((granted, key)) = find(writable, claim, &object).await else {
            let why = if writable.is_empty() {
                "the driver is granted no bucket to remove it from"
            } else {
                "no entry of its claim is the key of an object with its content"
            };
            let names: Vec<_> = writable.iter().map(|granted| granted.name).collect();
            let outcome = StoreOutcome::Noted(format!("the probe object stays: {why}"));
            return vec![self.row(&names.join(", "), StoreStep::Remove, outcome)];
        };
        let mut rows = Vec::new();
        match granted.access.renew_probe(&**granted.bucket, key, object).await {
            Ok(true) => rows.push(self.row(granted.name, StoreStep::Renew, StoreOutcome::Done)),
            Ok(false) => {}
            Err(error) => {
                let error = error.rename_remedies(config::setting_name);
                rows.push(self.failed(granted.name, granted.url, StoreStep::Renew, &error));
            }
        }
        let outcome = match granted.bucket.remove(key).await {
            Ok(()) => StoreOutcome::Done,
            Err(error) => StoreOutcome::Noted(format!(
                "the probe object `{key}` stays: {}; remove it by hand, no worker needs this \
                 permission",
                one_line(&error)
            )),
        };
        rows.push(self.row(granted.name, StoreStep::Remove, outcome));
        rows
    }

    /// Returns a pipeline that stores every payload with this driver, and keeps none at hand.
    fn pipeline(&self) -> Result<Pipeline, Error> {
        let offload =
            Offload::new(ByteSize::bytes(0)).with_driver(&self.report.name, self.driver.clone());
        // With a cache, the probe would be read from memory and not from the store.
        let offload = offload.with_driver_timeout(self.time).with_memory_cache(ByteSize::bytes(0));
        let stages = Pipeline::builder().with_reference_format(TemporalReferences);
        let built = stages.with_offload(offload).with_remedy_names(config::setting_name).build();
        built.map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))
    }

    fn row(&self, bucket: &str, step: StoreStep, outcome: StoreOutcome) -> StoreRow {
        let driver = self.report.name.clone();
        StoreRow { driver, bucket: bucket.to_owned(), step, outcome }
    }

    fn failed(&self, bucket: &str, url: &str, step: StoreStep, error: &Error) -> StoreRow {
        self.row(bucket, step, failure(url, step, error))
    }
}

/// Lists each bucket that may only be read, and asks for the size of one object.
async fn read_only(inventory: &Inventory) -> Vec<StoreRow> {
    let mut rows = Vec::new();
    for report in inventory.report.buckets.iter().filter(|report| report.read_only) {
        let drivers = inventory.report.drivers.iter();
        let drivers: Vec<_> = drivers
            .filter(|driver| driver.buckets.contains(&report.name))
            .map(|driver| &*driver.name)
            .collect();
        let Some((bucket, _)) = inventory.buckets.get(&report.name) else { continue };
        let outcome = match look(bucket, &report.prefix, inventory.time).await {
            Ok(()) => StoreOutcome::Done,
            Err(error) => failure(&report.url, StoreStep::List, &error),
        };
        let (driver, bucket) = (drivers.join(", "), report.name.clone());
        rows.push(StoreRow { driver, bucket, step: StoreStep::List, outcome });
    }
    rows
}

async fn look(bucket: &Arc<dyn Bucket>, prefix: &str, time: Duration) -> Result<(), Error> {
    let looked = async {
        let keys = match bucket.list(prefix, None).await {
            Ok(keys) => keys,
            // No worker lists: whoever may ask for an object may do without.
            Err(denied) if denied.kind() == ErrorKind::Denied => {
                let asked = bucket.size(&format!("{prefix}cloakroom-probe")).await;
                return asked.map(drop).map_err(|_| denied);
            }
            Err(error) => return Err(error),
        };
        match keys.first() {
            Some(key) => bucket.size(key).await.map(drop),
            None => Ok(()),
        }
    };
    tokio::time::timeout(time, looked).await.unwrap_or_else(|_| {
        let text = format!("the store did not answer within {time:?} (`storage.time`)");
        Err(Error::new(ErrorKind::Unavailable, text))
    })
}

/// Returns the bucket and the key of an object. A claim's entries are a driver's own, so each is tried
/// as a key, and only what holds the probe counts.
async fn find<'a, 'c>(
    writable: &[&'a GrantedBucket<'a>],
    claim: &'c Claim,
    object: &Bytes,
) -> Option<(&'a GrantedBucket<'a>, &'c str)> {
    for granted in writable {
        for key in claim.values().filter(|key| key.starts_with(granted.access.prefix())) {
            let found = granted.bucket.get(key, object.len() as u64).await;
            if found.is_ok_and(|found| found == *object) {
                return Some((granted, key));
            }
        }
    }
    None
}

/// Returns a payload that no store has: its content is new in every run.
fn probe() -> Payload {
    // No secret, only new in each run: the random seed of a hasher is enough for that.
    let nonce = [0, 1].map(|part| RandomState::new().hash_one(part));
    Payload::new("json/plain", format!("\"cloakroom check {:016x}{:016x}\"", nonce[0], nonce[1]))
}

/// Returns for whom the probe is stored: the reserved namespace, or the only one that a bucket grants.
fn context(writable: &[&GrantedBucket<'_>]) -> Context {
    let namespace = |granted: &&GrantedBucket<'_>| {
        let (_, rest) = granted.access.prefix().split_once("v0/ns/")?;
        let (namespace, _) = rest.split_once('/')?;
        Some(unescape(namespace))
    };
    let probe = Context::probe();
    let id = probe.id().unwrap_or_default();
    match writable.first().and_then(namespace) {
        Some(namespace) => Context::namespace(namespace).with_target(Kind::Workflow, id, id, None),
        None => probe,
    }
}

/// Undoes the escapes `%XX` of a segment of a key.
fn unescape(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let code = code.filter(|_| *first == b'%');
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn failure(url: &str, step: StoreStep, error: &Error) -> StoreOutcome {
    let advice = advice(url, step, error.kind());
    StoreOutcome::Failed { kind: error.kind(), error: one_line(error), advice }
}

/// Returns an error and its causes in one line.
fn one_line(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        // Some libraries repeat their causes in their own text.
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(&format!(": {more}"));
        }
        cause = error.source();
    }
    cloakroom_core::clean(&text.split_whitespace().collect::<Vec<_>>().join(" "), 2000)
}
