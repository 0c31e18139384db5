//! Bucket under test, and the calls that rules make.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cloakroom_core::{Bucket, Error, ErrorKind, PutMode, PutOutcome};

use crate::{
    options::Options,
    sample::Sampler,
    verdict::{Stop, broken, call, describe},
};

/// Prefix of all keys that the suite writes.
const PREFIX: &str = "cloakroom-conformance";

/// Most bytes that the suite is ready to read.
const MOST: u64 = 1 << 30;

/// Bucket under test.
pub(crate) struct BucketSubject {
    pub(crate) bucket: Arc<dyn Bucket>,
    pub(crate) options: Options,
    /// Keys that were written, to be removed at the end.
    written: Mutex<Vec<String>>,
}

impl BucketSubject {
    pub(crate) fn new(bucket: Arc<dyn Bucket>) -> Self {
        Self { bucket, options: Options::default(), written: Mutex::default() }
    }

    pub(crate) fn sampler(&self, rule: &str) -> Sampler {
        Sampler::new(self.options.seed, rule)
    }

    /// Returns a key of a rule.
    pub(crate) fn key(&self, rule: &str, name: &str) -> String {
        format!("{PREFIX}/{:016x}/{rule}/{name}", self.options.seed)
    }

    pub(crate) async fn put(
        &self,
        key: &str,
        body: Vec<Bytes>,
        mode: PutMode,
    ) -> Result<PutOutcome, Error> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).push(key.to_owned());
        call(self.bucket.put(key, body, mode)).await
    }

    /// Writes an object, which must succeed.
    pub(crate) async fn write(
        &self,
        case: &str,
        key: &str,
        body: Vec<Bytes>,
    ) -> Result<PutOutcome, Stop> {
        let put = self.put(key, body, PutMode::Overwrite).await;
        put.map_err(|error| broken(case, format!("writing ended with {}", describe(&error))))
    }

    pub(crate) async fn get(&self, key: &str, most: u64) -> Result<Bytes, Error> {
        call(self.bucket.get(key, most)).await
    }

    /// Reads an object, which must hold these bytes.
    pub(crate) async fn holds(&self, case: &str, key: &str, body: &[u8]) -> Result<(), Stop> {
        match self.get(key, MOST).await {
            Ok(found) if *found == *body => Ok(()),
            Ok(found) if found.len() != body.len() => {
                let text = format!("it holds {} bytes in place of {}", found.len(), body.len());
                Err(broken(case, text))
            }
            Ok(_) => Err(broken(case, "it holds other bytes")),
            Err(error) => Err(broken(case, format!("reading ended with {}", describe(&error)))),
        }
    }

    /// Reads an object, which must not be there.
    pub(crate) async fn lacks(&self, case: &str, key: &str) -> Result<(), Stop> {
        match self.get(key, MOST).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(broken(case, format!("reading ended with {}", describe(&error))));
            }
            Ok(_) => return Err(broken(case, "it was read")),
        }
        match call(self.bucket.size(key)).await {
            Ok(None) => Ok(()),
            Ok(Some(size)) => Err(broken(case, format!("it has a size of {size} bytes"))),
            Err(error) => {
                Err(broken(case, format!("asking for its size ended with {}", describe(&error))))
            }
        }
    }

    /// Removes what the suite wrote, as far as the bucket removes anything.
    pub(crate) async fn clear(&self) {
        let written =
            std::mem::take(&mut *self.written.lock().unwrap_or_else(PoisonError::into_inner));
        for key in written {
            // A bucket that removes nothing is one of the allowed kinds.
            let _ = call(self.bucket.remove(&key)).await;
        }
    }
}
