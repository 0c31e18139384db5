//! Verification: a stored object is read back before its reference gets into a history.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use cloakroom::{
    ByteSize, Context, Driver, Error, ErrorKind, Limit, Payload, Pipeline,
    plugin::{Grants, Limits, Reuse, Settings, Source},
    storage::{Bucket, BucketAccess, Claim, Object, ObjectBucket, Offload, Verify},
};
use cloakroom_tests::{
    ROGUE_DRIVER, assert_text, bucket_driver, chain, ctx, host, noise, plain, rigs,
};
use expect_test::{Expect, expect};
use futures::future::BoxFuture;

use crate::s3;

fn pipeline(driver: impl Driver + 'static, verify: Verify) -> Pipeline {
    let offload = Offload::new(ByteSize::kib(1)).with_driver("d", driver).with_verify(verify);
    cloakroom_tests::pipeline()
        .with_offload(offload.with_memory_cache(ByteSize::bytes(0)))
        .build()
        .unwrap()
}

#[track_caller]
fn check(failed: Result<Vec<Payload>, Error>, kind: ErrorKind, facts: &[&str], snapshot: &Expect) {
    let error = failed.unwrap_err();
    let text = chain(&error);
    assert_eq!(error.kind(), kind, "{text}");
    assert_text(&text, facts, snapshot);
    assert!(!text.contains('\n') && text.len() < 1200, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_damaged_on_its_way() {
    let proxy = rigs::Tamper::new(rigs::moto().address());
    s3::moto("damaged");
    let bucket: Arc<dyn Bucket> = Arc::new(s3::place(&proxy.url(), "damaged").open().unwrap());
    let at = async |verify| pipeline(bucket_driver("s3", &bucket, &[]).await, verify);
    let (off, new, always) =
        (at(Verify::Off).await, at(Verify::New).await, at(Verify::Always).await);
    let facts = ["driver `d`", "bucket `damaged`", "key `v0/ns/payments%20prod/d/", "SHA-256"];

    proxy.spoil_writes(true);
    let sent = vec![plain(noise(5000))];
    check(
        new.encode(&ctx(), sent.clone()).await,
        ErrorKind::Corrupt,
        &facts,
        &expect![[r#"
            stage `storage d`, encoding payload 0: what driver `d` has stored (bucket `damaged`, key `v0/ns/payments%20prod/d/sha256/[digest]`) cannot be read back, and no reference was written: what the store gave back is not what the claim names: its SHA-256 differs
        "#]],
    );
    proxy.spoil_writes(false);
    // The object is still there, and whoever tries again is not told that it is good.
    check(
        new.encode(&ctx(), sent.clone()).await,
        ErrorKind::Corrupt,
        &facts,
        &expect![[r#"
            stage `storage d`, encoding payload 0: what driver `d` has stored (bucket `damaged`, key `v0/ns/payments%20prod/d/sha256/[digest]`) cannot be read back, and no reference was written: what the store gave back is not what the claim names: its SHA-256 differs
        "#]],
    );
    check(
        always.encode(&ctx(), sent.clone()).await,
        ErrorKind::Corrupt,
        &facts,
        &expect![[r#"
            stage `storage d`, encoding payload 0: what driver `d` has stored (bucket `damaged`, key `v0/ns/payments%20prod/d/sha256/[digest]`) cannot be read back, and no reference was written: what the store gave back is not what the claim names: its SHA-256 differs
        "#]],
    );
    let kept = off.encode(&ctx(), sent.clone()).await.unwrap();
    check(
        off.decode(&ctx(), kept.clone()).await,
        ErrorKind::Corrupt,
        &["SHA-256"],
        &expect![[r#"
            stage `storage d`, decoding payload 0: what the store gave back is not what the claim names: its SHA-256 differs
        "#]],
    );
    let reference: serde_json::Value = serde_json::from_slice(&kept[0].data).unwrap();
    bucket.remove(reference["claimData"]["key"].as_str().unwrap()).await.unwrap();
    let kept = new.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(new.decode(&ctx(), kept).await.unwrap(), sent);

    // What is found there is read back by the one, and not by the other.
    let reads = || proxy.seen().iter().filter(|method| *method == "GET").count();
    reads();
    for (pipeline, expect) in [(&off, 0), (&new, 0), (&always, 1)] {
        pipeline.encode(&ctx(), sent.clone()).await.unwrap();
        assert_eq!(reads(), expect);
    }
    let other = vec![plain(noise(6000))];
    for (pipeline, expect) in [(&new, 1), (&new, 0)] {
        pipeline.encode(&ctx(), other.clone()).await.unwrap();
        assert_eq!(reads(), expect);
    }
}

/// A native driver that keeps the last object, or says so.
#[derive(Clone, Default)]
struct Liar {
    claim: Claim,
    cut: usize,
    loses: bool,
    stored: Arc<AtomicUsize>,
    object: Arc<Mutex<Option<Bytes>>>,
}

impl Driver for Liar {
    fn kind(&self) -> &str {
        "liar"
    }

    fn store<'a>(&'a self, _: &'a Context, object: Object) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(async move {
            self.stored.fetch_add(1, Ordering::SeqCst);
            let bytes = object.envelope().to_bytes();
            let bytes = bytes.slice(..bytes.len() - self.cut);
            *self.object.lock().unwrap() = Some(bytes).filter(|_| !self.loses);
            Ok(self.claim.clone())
        })
    }

    fn retrieve<'a>(
        &'a self,
        _: &'a Context,
        _: &'a Claim,
        _: ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        let object = self.object.lock().unwrap().clone();
        Box::pin(async { object.ok_or_else(|| Error::new(ErrorKind::NotFound, "it is gone")) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_that_lies() {
    let sent = vec![plain(noise(5000))];
    let size = sent[0].encoded_len();
    let claim = Claim::from([("place".to_owned(), "shelf 7".to_owned())]);
    let honest = Liar { claim, ..Liar::default() };
    let cut = Liar { cut: 7, ..honest.clone() };
    let loses = Liar { loses: true, ..honest.clone() };
    let sizes = [&*(size - 7).to_string(), &size.to_string()];
    for verify in [Verify::New, Verify::Always] {
        let at = |driver: &Liar| pipeline(driver.clone(), verify);
        let facts = ["driver `d`", "place `shelf 7`"];
        let differs = [&facts[..], &sizes].concat();
        let cut = at(&cut).encode(&ctx(), sent.clone()).await;
        check(
            cut,
            ErrorKind::Corrupt,
            &differs,
            &expect![[r#"
                stage `storage d`, encoding payload 0: what driver `d` has stored (place `shelf 7`) cannot be read back, and no reference was written: the size of the object is 5020 bytes, but its reference says 5027
            "#]],
        );
        let lost = at(&loses).encode(&ctx(), sent.clone()).await;
        check(
            lost,
            ErrorKind::NotFound,
            &facts,
            &expect![[r#"
                stage `storage d`, encoding payload 0: what driver `d` has stored (place `shelf 7`) cannot be read back, and no reference was written: it is gone
            "#]],
        );
        let kept = at(&honest).encode(&ctx(), sent.clone()).await.unwrap();
        assert_eq!(at(&honest).decode(&ctx(), kept).await.unwrap(), sent);
    }
    assert!(pipeline(cut, Verify::Off).encode(&ctx(), sent).await.is_ok(), "is read back unasked");
}

/// Whatever `verify` says: nobody could read it.
#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_read_is_not_written() {
    let sent = vec![plain(noise(5000))];
    // Each of these takes six bytes in JSON, and a reference has 64 KiB at most.
    let claim = Claim::from([("x".to_owned(), "\u{1}".repeat(12_000))]);
    let wordy = Liar { claim, ..Liar::default() };
    let failed = pipeline(wordy, Verify::Off).encode(&ctx(), sent.clone()).await;
    check(
        failed,
        ErrorKind::Protocol,
        &["driver `d`", "64 KiB"],
        &expect![[r#"
            stage `storage d`, encoding payload 0: what driver `d` has stored (x ``) cannot be read back, and no reference was written: a reference to a stored payload cannot be read: it is larger than 64 KiB
        "#]],
    );

    let small = Liar::default();
    let offload = Offload::new(ByteSize::kib(1)).with_driver("d", small.clone());
    let offload = offload.with_max_object_size(ByteSize::bytes(4999));
    let pipeline = cloakroom_tests::pipeline().with_offload(offload).build().unwrap();
    let limit = ErrorKind::LimitExceeded(Limit::Payload);
    let refused = pipeline.encode(&ctx(), sent).await;
    check(
        refused,
        limit,
        &["storage d", "4999"],
        &expect![[r#"
            stage `storage d`, encoding payload 0: the encoded payload has 5027 bytes, and no object above 4999B is read back: raise the limit, or pass less at once (`Offload::with_max_object_size`)
        "#]],
    );
    assert_eq!(small.stored.load(Ordering::SeqCst), 0, "was stored");
}

/// A driver with one key for everything keeps what came first. The second is not to be found, and
/// the first is not to be lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_driver_that_keeps_its_first_object() {
    let bucket: Arc<dyn Bucket> = Arc::new(ObjectBucket::memory("b"));
    let access = BucketAccess::whole().with_refresh_after(std::time::Duration::ZERO);
    for access in [BucketAccess::whole(), access] {
        let grants = Grants::none().with_bucket("b", bucket.clone(), access.clone());
        let source = Source::bytes("rogue", ROGUE_DRIVER);
        let plugin = host(Limits::default()).load(source, grants).await.unwrap();
        let driver =
            plugin.driver(Settings::none().with_setting("act", "first"), Reuse::Fresh).await;
        let pipeline = pipeline(driver.unwrap(), Verify::Off);
        let first = vec![plain(noise(5000))];
        let kept = pipeline.encode(&ctx(), first.clone()).await.unwrap();
        assert_eq!(pipeline.encode(&ctx(), first.clone()).await.unwrap(), kept);
        let longer = vec![plain(noise(5001))];
        let facts = ["bucket `b`, key `v0/x`"];
        let replaced = pipeline.encode(&ctx(), longer).await;
        check(
            replaced,
            ErrorKind::Corrupt,
            &facts,
            &expect![[r#"
                stage `storage d`, encoding payload 0, plugin `rogue`: bucket `b`, key `v0/x`: another object is there, of 5027 bytes instead of 5028, and the driver left it: the payload would not be found again; remove that object, or have the driver make keys of the content
            "#]],
        );
        if access != BucketAccess::whole() {
            // They are compared before an age is renewed.
            let other = vec![plain(noise(10_000).slice(5000..))];
            let replaced = pipeline.encode(&ctx(), other).await;
            check(
                replaced,
                ErrorKind::Corrupt,
                &facts,
                &expect![[r#"
                    stage `storage d`, encoding payload 0, plugin `rogue`: bucket `b`, key `v0/x`: another object is there, with other contents, though also of 5027 bytes, and the driver left it: the payload would not be found again; remove that object, or have the driver make keys of the content
                "#]],
            );
        }
        assert_eq!(pipeline.decode(&ctx(), kept).await.unwrap(), first);
        assert_eq!(bucket.list("", None).await.unwrap(), ["v0/x"]);
    }
}
