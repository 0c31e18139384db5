//! Causes that an operator sees if a plugin gives up: the host says which import failed, and how,
//! since the plugin's own words are not shown.

use std::sync::Arc;

use cloakroom::{
    ByteSize, Codec as _, Error, ErrorKind, Payload, Pipeline, Stage,
    keys::{Material, Ring},
    plugin::{Grants, Limits, Reuse, Settings},
    storage::{Bucket, ObjectBucket, Offload},
};
use cloakroom_tests::{DRIVERS, bucket_driver, chain, ctx, host, noise, plain};

use crate::hostile_store::{Hostile, answer};

#[track_caller]
fn says(error: &Error, kind: ErrorKind, parts: &[&str]) {
    let text = chain(error);
    assert_eq!(error.kind(), kind, "{text}");
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    assert!(!text.contains("its own words"), "{text}");
}

async fn cipher(name: &str, settings: &Settings, id: &str, byte: u8) -> Pipeline {
    let ring = Arc::new(Ring::of(id, &Material::new([byte; 32])).unwrap());
    let grants = match name {
        "aes-gcm" => Grants::none().keys("payments", ring),
        _ => Grants::none().subkeys("payments", ring),
    };
    let plugin = host(Limits::default())
        .load(cloakroom::plugin::bundled(name).unwrap(), grants)
        .await
        .unwrap();
    let settings = settings.clone().set("ring", "payments");
    let codec = plugin.codec(settings, Reuse::Fresh).await.unwrap();
    assert!(!codec.description().encodings.is_empty());
    Pipeline::builder().stage(Stage::new(name, codec)).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_missing_is_named() {
    let temporal = Settings::none().set("format", "temporal");
    for (name, settings) in [
        ("aes-gcm", Settings::none()),
        ("aes-gcm", temporal),
        ("chacha20-poly1305", Settings::none()),
    ] {
        let sealed = cipher(name, &settings, "2026-05", 5).await;
        let sealed = sealed.encode(&ctx(), vec![plain("x")]).await.unwrap();
        let without = cipher(name, &settings, "2026-11", 11).await;
        let error = without.decode(&ctx(), sealed.clone()).await.unwrap_err();
        let parts = ["`2026-05`", "key ring `payments`", "[keys.payments.material]"];
        says(&error, ErrorKind::UnknownKey, &parts);
        assert_eq!(error.stage(), Some(name));

        // Of the same name, and another key. A cipher of its own opens without the host.
        let other = cipher(name, &settings, "2026-05", 6).await;
        let error = other.decode(&ctx(), sealed).await.unwrap_err();
        match name {
            "aes-gcm" => {
                let parts =
                    ["key `2026-05` of key ring `payments`", "another key", "changed since"];
                says(&error, ErrorKind::Malformed, &parts);
            }
            _ => assert_eq!(error.kind(), ErrorKind::Malformed, "{}", chain(&error)),
        }
    }
}

async fn storing(driver: &str, bucket: ObjectBucket) -> Pipeline {
    let bucket: Arc<dyn Bucket> = Arc::new(bucket);
    let driver = bucket_driver(driver, &bucket, &[]).await;
    let offload = Offload::above(ByteSize::bytes(0)).to("d", driver);
    let offload = offload.memory_cache(ByteSize::bytes(0));
    Pipeline::builder().offload(offload).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_refuses_is_quoted_by_bucket_key_status_and_code() {
    let sent = || -> Vec<Payload> { vec![plain(noise(1000))] };
    for driver in DRIVERS.into_iter().filter(|name| *name != "redis") {
        let kept = storing(driver, ObjectBucket::memory("hostile")).await;
        let kept = kept.encode(&ctx(), sent()).await.unwrap();
        for (status, code, what) in [
            ("403 Forbidden", "AccessDenied", "the store denies this"),
            ("404 Not Found", "NoSuchBucket", "no such bucket"),
        ] {
            let body = format!("<Error><Code>{code}</Code></Error>");
            let head = format!("content-length: {}\r\n", body.len());
            let store = Hostile::start(answer(status, &head, &body), false);
            let pipeline = storing(driver, store.bucket()).await;
            let code = format!("HTTP {} {code}", &status[..3]);
            let parts = ["bucket `hostile`", "key `v0/ns/payments", what, &*code];
            let stored = pipeline.encode(&ctx(), sent()).await.unwrap_err();
            says(&stored, ErrorKind::Denied, &parts);
            let read = pipeline.decode(&ctx(), kept.clone()).await.unwrap_err();
            says(&read, ErrorKind::Denied, &parts);
        }
    }
}

/// When it is loaded a plugin has no payload, and its own words stay.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_was_not_granted_is_named() {
    for driver in DRIVERS.into_iter().filter(|name| *name != "redis") {
        let bucket: Arc<dyn Bucket> = Arc::new(ObjectBucket::memory("b"));
        let grants =
            Grants::none().bucket("payloads", bucket, cloakroom::storage::BucketAccess::whole());
        let host = host(Limits::default());
        let plugin = host.load(cloakroom::plugin::bundled(driver).unwrap(), grants).await.unwrap();
        let settings = Settings::none().set("bucket", "paylods");
        let error = plugin.driver(settings, Reuse::Fresh).await.map(drop).unwrap_err();
        says(&error, ErrorKind::Config, &["`paylods`, which is not granted", "`grants.buckets`"]);
    }
}
