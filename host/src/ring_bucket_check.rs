//! Tries the buckets in which rings keep wrapped keys, and reads their lifecycle rules.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use cloakroom_core::{Bucket, Error, ErrorKind, PutMode};
use cloakroom_keys::WRAPPED_KEYS;

use crate::{
    inventory::Inventory,
    report::{RingReport, StoreOutcome, StoreRow, StoreStep},
    store_advice::advice,
};

/// A ring with a bucket for its wrapped keys.
struct TestedRing<'a> {
    report: &'a RingReport,
    name: &'a str,
    url: &'a str,
    bucket: &'a Arc<dyn Bucket>,
    time: Duration,
}

/// Returns a row for each step with the bucket of each ring.
pub(crate) async fn check_ring_buckets(inventory: &Inventory, probe: Bytes) -> Vec<StoreRow> {
    let mut rows = Vec::new();
    for report in &inventory.report.rings {
        let Some(name) = report.bucket.as_deref() else { continue };
        let Some((bucket, _)) = inventory.buckets.get(name) else { continue };
        let found = inventory.report.buckets.iter().find(|report| report.name == name);
        let url = found.map_or("", |report| &*report.url);
        let ring = TestedRing { report, name, url, bucket, time: inventory.time };
        if report.stores_wrapped {
            rows.extend(ring.write_and_read(&probe).await);
        }
        rows.push(ring.expiry().await);
    }
    rows
}

impl TestedRing<'_> {
    /// Writes an object beside the wrapped keys, reads it back, and removes it where that is allowed.
    async fn write_and_read(&self, probe: &Bytes) -> Vec<StoreRow> {
        let key = format!("{WRAPPED_KEYS}cloakroom-probe");
        let body = vec![probe.clone()];
        let written = self.within(self.bucket.put(&key, body, PutMode::Overwrite)).await;
        if let Err(error) = written {
            return vec![self.failed(StoreStep::Write, &error)];
        }
        let mut rows = vec![self.row(StoreStep::Write, StoreOutcome::Done)];
        rows.push(match self.within(self.bucket.get(&key, probe.len() as u64)).await {
            Ok(read) if read == *probe => self.row(StoreStep::Read, StoreOutcome::Done),
            Ok(_) => {
                let text = "what was read back is not what was written";
                self.failed(StoreStep::Read, &Error::new(ErrorKind::Corrupt, text))
            }
            Err(error) => self.failed(StoreStep::Read, &error),
        });
        // No process removes a wrapped key, so whoever may not is right.
        let outcome = match self.within(self.bucket.remove(&key)).await {
            Ok(()) => StoreOutcome::Done,
            Err(_) => StoreOutcome::Noted(format!("the probe object `{key}` stays")),
        };
        rows.push(self.row(StoreStep::Remove, outcome));
        rows
    }

    async fn expiry(&self) -> StoreRow {
        let outcome = match self.within(self.bucket.expiring(WRAPPED_KEYS)).await {
            Ok(rules) if rules.is_empty() => StoreOutcome::Done,
            Ok(rules) => StoreOutcome::Failed {
                kind: ErrorKind::Config,
                error: format!(
                    "lifecycle rule `{}` takes away objects under `{WRAPPED_KEYS}`, and no payload opens \
                     without its wrapped key",
                    rules.join("`, `")
                ),
                advice: "limit the rule to `v0/`, or keep wrapped keys in a bucket of their own"
                    .to_owned(),
            },
            Err(error) => StoreOutcome::Unprovable(format!(
                "{error}: see to it that no rule takes away objects under `{WRAPPED_KEYS}`"
            )),
        };
        self.row(StoreStep::Expiry, outcome)
    }

    async fn within<T>(&self, request: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::time::timeout(self.time, request).await.unwrap_or_else(|_| {
            let text = format!("the store did not answer within {:?}", self.time);
            Err(Error::new(ErrorKind::Unavailable, text))
        })
    }

    fn failed(&self, step: StoreStep, error: &Error) -> StoreRow {
        let advice = advice(self.url, step, error.kind());
        let outcome = StoreOutcome::Failed { kind: error.kind(), error: error.to_string(), advice };
        self.row(step, outcome)
    }

    fn row(&self, step: StoreStep, outcome: StoreOutcome) -> StoreRow {
        let driver = format!("keys.{}", self.report.name);
        StoreRow { driver, bucket: self.name.to_owned(), step, outcome }
    }
}
