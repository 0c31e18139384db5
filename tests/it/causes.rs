//! Causes that an operator sees if a plugin gives up: the host says which import failed, and how,
//! since the plugin's own words are not shown.

use std::sync::Arc;

use cloakroom::{
    ByteSize, Codec as _, Error, ErrorKind, Payload, Pipeline, Stage,
    keys::{KeyMaterial, Ring},
    plugin::{Grants, Limits, Reuse, Settings},
    storage::{Bucket, ObjectBucket, Offload},
};
use cloakroom_tests::{
    DRIVERS, assert_text, assert_texts, bucket_driver, chain, ctx, host, noise, plain,
};
use expect_test::{Expect, expect};

use crate::hostile_store::{Hostile, answer};

#[track_caller]
fn says(error: &Error, kind: ErrorKind, facts: &[&str], snapshot: &Expect) {
    let text = chain(error);
    assert_eq!(error.kind(), kind, "{text}");
    assert_text(&text, facts, snapshot);
    assert!(!text.contains("its own words"), "{text}");
}

async fn cipher(name: &str, settings: &Settings, id: &str, byte: u8) -> Pipeline {
    let ring = Arc::new(Ring::single(id, &KeyMaterial::new([byte; 32])).unwrap());
    let grants = match name {
        "aes-gcm" => Grants::none().with_keys("payments", ring),
        _ => Grants::none().with_subkeys("payments", ring),
    };
    let plugin = host(Limits::default())
        .load(cloakroom::plugin::bundled(name).unwrap(), grants)
        .await
        .unwrap();
    let settings = settings.clone().with_setting("ring", "payments");
    let codec = plugin.codec(settings, Reuse::Fresh).await.unwrap();
    assert!(!codec.description().encodings.is_empty());
    cloakroom_tests::pipeline().with_stage(Stage::new(name, codec)).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_missing_is_named() {
    let temporal = Settings::none().with_setting("format", "temporal");
    for (name, settings, missing, changed) in [
        (
            "aes-gcm",
            Settings::none(),
            expect![[r#"
                stage `aes-gcm`, decoding payload 0: the payload is sealed under key `2026-05`, which is not in key ring `payments`: add it to the ring, or restore it (`Grants::with_keys`)
            "#]],
            Some(expect![[r#"
                stage `aes-gcm`, decoding payload 0: key `2026-05` of key ring `payments`: sealed under another key, for another purpose, or changed since
            "#]]),
        ),
        (
            "aes-gcm",
            temporal,
            expect![[r#"
                stage `aes-gcm`, decoding payload 0: the payload is sealed under key `2026-05`, which is not in key ring `payments`: add it to the ring, or restore it (`Grants::with_keys`)
            "#]],
            Some(expect![[r#"
                stage `aes-gcm`, decoding payload 0: key `2026-05` of key ring `payments`: sealed under another key, for another purpose, or changed since
            "#]]),
        ),
        (
            "chacha20-poly1305",
            Settings::none(),
            expect![[r#"
                stage `chacha20-poly1305`, decoding payload 0: the payload is sealed under key `2026-05`, which is not in key ring `payments`: add it to the ring, or restore it (`Grants::with_keys`)
            "#]],
            None,
        ),
    ] {
        let sealed = cipher(name, &settings, "2026-05", 5).await;
        let sealed = sealed.encode(&ctx(), vec![plain("x")]).await.unwrap();
        let without = cipher(name, &settings, "2026-11", 11).await;
        let error = without.decode(&ctx(), sealed.clone()).await.unwrap_err();
        let facts = ["`2026-05`", "key ring `payments`"];
        says(&error, ErrorKind::UnknownKey, &facts, &missing);
        assert_eq!(error.stage(), Some(name));

        // Of the same name, and another key. A cipher of its own opens without the host.
        let other = cipher(name, &settings, "2026-05", 6).await;
        let error = other.decode(&ctx(), sealed).await.unwrap_err();
        match changed {
            Some(snapshot) => says(&error, ErrorKind::Malformed, &facts, &snapshot),
            None => assert_eq!(error.kind(), ErrorKind::Malformed, "{}", chain(&error)),
        }
    }
}

async fn storing(driver: &str, bucket: ObjectBucket) -> Pipeline {
    let bucket: Arc<dyn Bucket> = Arc::new(bucket);
    let driver = bucket_driver(driver, &bucket, &[]).await;
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("d", driver);
    let offload = offload.with_memory_cache(ByteSize::bytes(0));
    cloakroom_tests::pipeline().with_offload(offload).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_refuses_is_quoted_by_bucket_key_status_and_code() {
    let sent = || -> Vec<Payload> { vec![plain(noise(1000))] };
    let mut seen = Vec::new();
    for driver in DRIVERS.into_iter().filter(|name| *name != "redis") {
        let kept = storing(driver, ObjectBucket::memory("hostile")).await;
        let kept = kept.encode(&ctx(), sent()).await.unwrap();
        for (status, code) in [("403 Forbidden", "AccessDenied"), ("404 Not Found", "NoSuchBucket")]
        {
            let body = format!("<Error><Code>{code}</Code></Error>");
            let head = format!("content-length: {}\r\n", body.len());
            let store = Hostile::start(answer(status, &head, &body), false);
            let pipeline = storing(driver, store.bucket()).await;
            let code = format!("HTTP {} {code}", &status[..3]);
            let stored = pipeline.encode(&ctx(), sent()).await.unwrap_err();
            let read = pipeline.decode(&ctx(), kept.clone()).await.unwrap_err();
            for error in [stored, read] {
                let text = chain(&error);
                assert_eq!(error.kind(), ErrorKind::Denied, "{text}");
                for fact in ["bucket `hostile`", "key `v0/ns/payments", &code] {
                    assert!(text.contains(fact), "no `{fact}` in: {text}");
                }
                assert!(!text.contains("its own words"), "{text}");
                seen.push(format!("{driver}: {text}"));
            }
        }
    }
    assert_texts(
        &seen,
        &expect![[r#"
            azure: stage `storage d`, encoding payload 0, plugin `azure`: bucket `hostile`, key `v0/ns/payments%20prod/d/sha256/[digest]`: the store denies access: check the credentials and their permissions (HTTP 403 AccessDenied)
            azure: stage `storage d`, decoding payload 0, plugin `azure`: bucket `hostile`, key `v0/ns/payments%20prod/d/sha256/[digest]`: the store denies access: check the credentials and their permissions (HTTP 403 AccessDenied)
            azure: stage `storage d`, encoding payload 0, plugin `azure`: bucket `hostile`, key `v0/ns/payments%20prod/d/sha256/[digest]`: no such bucket: create it, or correct its URL (HTTP 404 NoSuchBucket)
            azure: stage `storage d`, decoding payload 0, plugin `azure`: bucket `hostile`, key `v0/ns/payments%20prod/d/sha256/[digest]`: no such bucket: create it, or correct its URL (HTTP 404 NoSuchBucket)
            file: stage `storage d`, encoding payload 0, plugin `file`: bucket `hostile`, key `v0/ns/payments%20prod/d/sha256/[digest]`: the store denies access: check the credentials and their permissions (HTTP 403 AccessDenied)
            file: stage `storage d`, decoding payload 0, plugin `file`: bucket `hostile`, key `v0/ns/payments%20prod/d/sha256/[digest]`: the store denies access: check the credentials and their permissions (HTTP 403 AccessDenied)
            file: stage `storage d`, encoding payload 0, plugin `file`: bucket `hostile`, key `v0/ns/payments%20prod/d/sha256/[digest]`: no such bucket: create it, or correct its URL (HTTP 404 NoSuchBucket)
            file: stage `storage d`, decoding payload 0, plugin `file`: bucket `hostile`, key `v0/ns/payments%20prod/d/sha256/[digest]`: no such bucket: create it, or correct its URL (HTTP 404 NoSuchBucket)
            gcs: stage `storage d`, encoding payload 0, plugin `gcs`: bucket `hostile`, key `v0/ns/payments prod/d/sha256/[digest]`: the store denies access: check the credentials and their permissions (HTTP 403 AccessDenied)
            gcs: stage `storage d`, decoding payload 0, plugin `gcs`: bucket `hostile`, key `v0/ns/payments prod/d/sha256/[digest]`: the store denies access: check the credentials and their permissions (HTTP 403 AccessDenied)
            gcs: stage `storage d`, encoding payload 0, plugin `gcs`: bucket `hostile`, key `v0/ns/payments prod/d/sha256/[digest]`: no such bucket: create it, or correct its URL (HTTP 404 NoSuchBucket)
            gcs: stage `storage d`, decoding payload 0, plugin `gcs`: bucket `hostile`, key `v0/ns/payments prod/d/sha256/[digest]`: no such bucket: create it, or correct its URL (HTTP 404 NoSuchBucket)
            s3: stage `storage d`, encoding payload 0, plugin `s3`: bucket `hostile`, key `v0/ns/payments%20prod/d/sha256/[digest]`: the store denies access: check the credentials and their permissions (HTTP 403 AccessDenied)
            s3: stage `storage d`, decoding payload 0, plugin `s3`: bucket `hostile`, key `v0/ns/payments%20prod/d/sha256/[digest]`: the store denies access: check the credentials and their permissions (HTTP 403 AccessDenied)
            s3: stage `storage d`, encoding payload 0, plugin `s3`: bucket `hostile`, key `v0/ns/payments%20prod/d/sha256/[digest]`: no such bucket: create it, or correct its URL (HTTP 404 NoSuchBucket)
            s3: stage `storage d`, decoding payload 0, plugin `s3`: bucket `hostile`, key `v0/ns/payments%20prod/d/sha256/[digest]`: no such bucket: create it, or correct its URL (HTTP 404 NoSuchBucket)
        "#]],
    );
}

/// When it is loaded a plugin has no payload, and its own words stay.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_was_not_granted_is_named() {
    let mut seen = Vec::new();
    for driver in DRIVERS.into_iter().filter(|name| *name != "redis") {
        let bucket: Arc<dyn Bucket> = Arc::new(ObjectBucket::memory("b"));
        let grants = Grants::none().with_bucket(
            "payloads",
            bucket,
            cloakroom::storage::BucketAccess::whole(),
        );
        let host = host(Limits::default());
        let plugin = host.load(cloakroom::plugin::bundled(driver).unwrap(), grants).await.unwrap();
        let settings = Settings::none().with_setting("bucket", "paylods");
        let error = plugin.driver(settings, Reuse::Fresh).await.map(drop).unwrap_err();
        let text = chain(&error);
        assert_eq!(error.kind(), ErrorKind::Config, "{text}");
        assert!(text.contains("`paylods`") && text.contains("`grants.buckets`"), "{text}");
        seen.push(text);
    }
    assert_texts(
        &seen,
        &expect![[r#"
        plugin `azure`: setting `bucket` names `paylods`, which is not granted: add it to `grants.buckets`
        plugin `file`: setting `bucket` names `paylods`, which is not granted: add it to `grants.buckets`
        plugin `gcs`: setting `bucket` names `paylods`, which is not granted: add it to `grants.buckets`
        plugin `s3`: setting `bucket` names `paylods`, which is not granted: add it to `grants.buckets`
    "#]],
    );
}
