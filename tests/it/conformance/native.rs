//! The suites with native implementations, as a crate uses them that has one.

use std::sync::Arc;

use cloakroom::{
    BoxFuture, Codec, Context, Driver, Error, ErrorKind, Payload,
    bytes::Bytes,
    codec::{Description, Encoded, Purpose},
    storage::{Bucket, Claim, Object, ObjectBucket, PutMode},
};
use cloakroom_conformance::{CodecSuite, DriverSuite, Faults};
use futures::FutureExt as _;

use super::{LARGEST, NATIVE_DRIVER_FAULTS, breaks};

/// Writes each body backwards.
struct Reverse(Description);

impl Codec for Reverse {
    fn description(&self) -> &Description {
        &self.0
    }

    fn encode<'a>(
        &'a self,
        _: &'a Context,
        payload: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>> {
        let body: Vec<u8> = payload.envelope().to_bytes().iter().rev().copied().collect();
        Box::pin(async move { Ok(Encoded::Changed(Payload::new("binary/reverse", body))) })
    }

    fn decode<'a>(
        &'a self,
        _: &'a Context,
        payload: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        Box::pin(async move {
            assert!(payload.data.len() != 1000 || payload.encoding().is_some(), "no encoding");
            let body: Vec<u8> = payload.data.iter().rev().copied().collect();
            Payload::from_envelope(body.into())
        })
    }
}

fn reverse() -> Arc<Reverse> {
    let encodings = vec!["binary/reverse".to_owned()];
    Arc::new(Reverse(Description { encodings, purpose: Purpose::Conversion }))
}

/// A native codec that panics is a failure like any other, and the rules after it are tried.
#[tokio::test]
async fn a_panic_of_a_native_codec_breaks_a_rule() {
    let suite = CodecSuite::new(reverse()).with_twin(reverse()).with_largest(LARGEST);
    let not_run = ["fresh", "plaintext", "swapped", "wrong-key", "limits", "words"];
    breaks(&suite.run().await, Some("unknown-encoding"), &not_run);
}

#[tokio::test]
async fn one_rule_can_be_tried_alone() {
    let report = CodecSuite::new(reverse()).with_only("round-trip").with_seed(7).run().await;
    assert_eq!(report.outcomes.len(), 1);
    assert!(report.is_passed(), "{report}");
    assert_eq!(report.seed, 7);
}

/// A driver over a bucket, with the faults that the sandbox prevents in plugins.
struct Native {
    fault: &'static str,
    kind: &'static str,
    bucket: Arc<dyn Bucket>,
    is_tight: bool,
}

impl Driver for Native {
    fn kind(&self) -> &str {
        self.kind
    }

    fn store<'a>(&'a self, _: &'a Context, object: Object) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(async move {
            if self.fault == "limits" && self.is_tight && object.envelope().len() > 1 << 20 {
                return Err(Error::new(ErrorKind::Failed, "that is a lot"));
            }
            let key: String = object.sha256().iter().map(|byte| format!("{byte:02x}")).collect();
            let body = vec![object.envelope().to_bytes()];
            let put = self.bucket.put(&key, body, PutMode::Create);
            if self.fault == "slow" {
                let lost = || Err(Error::new(ErrorKind::Unavailable, "not at once"));
                put.now_or_never().unwrap_or_else(lost)?;
            } else {
                put.await?;
            }
            Ok(Claim::from([("key".to_owned(), key)]))
        })
    }

    fn retrieve<'a>(
        &'a self,
        _: &'a Context,
        claim: &'a Claim,
        most: cloakroom::ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        Box::pin(async move {
            let key = claim.get("key");
            let key = key.ok_or_else(|| Error::new(ErrorKind::Malformed, "`key` is missing"))?;
            self.bucket.get(key, most.get()).await
        })
    }
}

#[tokio::test]
async fn each_faulty_native_driver_breaks_its_rule() {
    for fault in NATIVE_DRIVER_FAULTS.into_iter().map(Some).chain([None]) {
        let faults = Faults::default();
        let bucket: Arc<dyn Bucket> = Arc::new(faults.wrap(Arc::new(ObjectBucket::memory("b"))));
        let driver = |kind, is_tight| {
            let fault = fault.unwrap_or_default();
            Arc::new(Native { fault, kind, bucket: bucket.clone(), is_tight })
        };
        let other = if fault == Some("kind") { "other" } else { "native" };
        let suite = DriverSuite::new(driver("native", false))
            .with_twin(driver(other, false))
            .with_tight_limits(driver("native", true))
            .with_faults(faults)
            .with_largest(LARGEST);
        breaks(&suite.run().await, fault, &["claim-swapped", "words"]);
    }
}

/// Marks payloads by an entry of metadata, and leaves those that have it already as they are.
struct Marking {
    description: Description,
    names: Vec<String>,
}

impl Codec for Marking {
    fn description(&self) -> &Description {
        &self.description
    }

    fn metadata_names(&self) -> &[String] {
        &self.names
    }

    fn encode<'a>(
        &'a self,
        _: &'a Context,
        payload: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>> {
        let marked = Payload::new("json/plain", payload.envelope().to_bytes());
        let is_marked = payload.metadata.contains_key("x-mark");
        let encoded = Encoded::Changed(marked.with_metadata("x-mark", "1"));
        Box::pin(async move { Ok(if is_marked { Encoded::Unchanged } else { encoded }) })
    }

    fn decode<'a>(
        &'a self,
        _: &'a Context,
        payload: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        Box::pin(async move { Payload::from_envelope(payload.data) })
    }
}

/// Its metadata name is held to what an encoding is held to. It needs no encoding besides.
#[tokio::test]
async fn a_codec_by_metadata_encodes_its_own_mark_once_more() {
    let description = Description { encodings: Vec::new(), purpose: Purpose::Conversion };
    let codec = Arc::new(Marking { description, names: vec!["x-mark".to_owned()] });
    let suite = CodecSuite::new(codec.clone()).with_twin(codec).with_largest(LARGEST);
    let not_run = ["fresh", "plaintext", "swapped", "wrong-key", "limits", "words"];
    let report = suite.run().await;
    breaks(&report, Some("own-encoding"), &not_run);
}
