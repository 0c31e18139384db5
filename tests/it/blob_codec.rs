//! Codecs with buckets: they move payloads into a store, under the grants and rules of drivers.

use std::{fs, sync::Arc};

use bytes::Bytes;
use cloakroom::{
    ByteSize, Cloakroom, CloakroomBuilder, Context, Error, ErrorKind, Payload, Pipeline, Stage,
    inspect::World,
    plugin::{Grants, Limits, Plugin, Reuse, Settings, Source},
    storage::{Bucket, BucketAccess, ObjectBucket, PutMode},
};
use cloakroom_tests::{KEY, PARTS_CODEC, assert_text, chain, compile_cache, host, noise};
use expect_test::expect;

fn bucket() -> Arc<dyn Bucket> {
    Arc::new(ObjectBucket::memory("parts"))
}

async fn load(bucket: &Arc<dyn Bucket>, access: BucketAccess) -> Plugin {
    let grants = Grants::none().with_bucket("parts", bucket.clone(), access);
    host(Limits::default()).load(Source::bytes("remote", PARTS_CODEC), grants).await.unwrap()
}

async fn pipeline(bucket: &Arc<dyn Bucket>, access: BucketAccess, key: Option<&str>) -> Pipeline {
    let settings = Settings::none().with_setting("bucket", "parts");
    let settings = match key {
        Some(key) => settings.with_setting("key", key),
        None => settings,
    };
    let codec = load(bucket, access).await.codec(settings, Reuse::Fresh).await.unwrap();
    cloakroom_tests::pipeline().with_stage(Stage::new("remote", codec)).build().unwrap()
}

fn sent(size: usize) -> Vec<Payload> {
    vec![Payload::new("json/plain", noise(size))]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_codec_moves_payloads_into_its_bucket() {
    let bucket = bucket();
    let plugin = load(&bucket, BucketAccess::whole()).await;
    assert_eq!(plugin.inspection().world, Some(World::BlobCodec));
    let pipeline = pipeline(&bucket, BucketAccess::whole(), None).await;
    let ctx = Context::namespace("n");
    for size in [0, 100, 3 << 20] {
        let sent = sent(size);
        let encoded = pipeline.encode(&ctx, sent.clone()).await.unwrap();
        assert!(encoded[0].encoded_len() < 200 && encoded[0].encoding() == Some("json/plain"));
        // Callers repeat what failed half-way: the object is there, and nothing is written twice.
        assert_eq!(pipeline.encode(&ctx, sent.clone()).await.unwrap(), encoded);
        assert_eq!(pipeline.decode(&ctx, encoded).await.unwrap(), sent);
    }
    // What has no mark is not its own.
    assert_eq!(pipeline.decode(&ctx, sent(5)).await.unwrap(), sent(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_held_to_its_grant() {
    let bucket = bucket();
    let rejected = host(Limits::default())
        .load(Source::bytes("remote", PARTS_CODEC), Grants::none())
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(rejected.kind(), ErrorKind::MissingGrant, "{rejected}");
    for (access, says) in [
        (BucketAccess::whole().with_prefix("other/"), "`other/`"),
        (BucketAccess::whole().read_only(), "for reading only"),
    ] {
        let pipeline = pipeline(&bucket, access, None).await;
        let error = pipeline.encode(&Context::none(), sent(10)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        assert!(chain(&error).contains(says), "{}", chain(&error));
    }
    // A forged mark finds nothing but what lies within the grant.
    let pipeline = pipeline(&bucket, BucketAccess::whole(), None).await;
    let mut forged = Payload::new("json/plain", "");
    forged.metadata.insert("x-remote".to_owned(), Bytes::from_static(b"../secret"));
    let error = pipeline.decode(&Context::none(), vec![forged]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
}

/// An object of another payload under the same key is no part of this one.
#[tokio::test(flavor = "multi_thread")]
async fn another_object_under_its_key_is_an_error() {
    let bucket = bucket();
    let pipeline = pipeline(&bucket, BucketAccess::whole(), Some("parts/one")).await;
    pipeline.encode(&Context::none(), sent(10)).await.unwrap();
    let error = pipeline.encode(&Context::none(), sent(11)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert_text(
        &chain(&error),
        &["`parts/one`"],
        &expect![[r#"
            stage `remote`, encoding payload 0: bucket `parts`, key `parts/one`: another object is there, and the payload would not be found again: remove that object, or have the codec make keys of the content
        "#]],
    );
}

/// Bytes that a codec reads count as its output.
#[tokio::test(flavor = "multi_thread")]
async fn what_it_reads_is_bounded() {
    let bucket = bucket();
    let ctx = Context::none();
    let writes = pipeline(&bucket, BucketAccess::whole(), None).await;
    let encoded = writes.encode(&ctx, sent(2 << 20)).await.unwrap();
    let grants = Grants::none().with_bucket("parts", bucket.clone(), BucketAccess::whole());
    let limits = Limits { output: ByteSize::mib(1), ..Limits::default() };
    let plugin = host(limits).load(Source::bytes("remote", PARTS_CODEC), grants).await.unwrap();
    let settings = Settings::none().with_setting("bucket", "parts");
    let codec = plugin.codec(settings, Reuse::Fresh).await.unwrap();
    let small =
        cloakroom_tests::pipeline().with_stage(Stage::new("remote", codec)).build().unwrap();
    let error = small.decode(&ctx, encoded).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::LimitExceeded(_)), "{error}");
}

/// Opens a configuration with the codec's bucket in a folder, and returns it with that folder.
async fn open(text: &str) -> (Result<Cloakroom, Error>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("remote.wasm", PARTS_CODEC);
    write("key", &KEY);
    write("cloakroom.toml", text.as_bytes());
    fs::create_dir(folder.path().join("parts")).unwrap();
    let path = folder.path().join("cloakroom.toml");
    (CloakroomBuilder::file(path).with_cache(compile_cache()).open().await, folder)
}

const REMOTE: &str = "[[stage]]\nplugin = \"file:remote.wasm\"\nsettings = { bucket = \"parts\" }\n\
                      grants.buckets = [\"parts\"]\n";
const SEALING: &str = "[[stage]]\nplugin = \"bundled:aes-gcm\"\nrequired = true\n\
                       settings = { ring = \"k\" }\ngrants.keys = [\"k\"]\n";
const REST: &str = "[buckets.parts]\nurl = \"file:parts\"\n[keys.k]\ncurrent = \"1\"\n\
                    material = { 1 = { file = \"key\" } }\n";
const STORAGE: &str = "[storage]\nsealed = true\n[[storage.driver]]\nname = \"d\"\n\
                       plugin = \"bundled:file\"\nsettings = { bucket = \"parts\" }\n\
                       grants.buckets = [\"parts\"]\n";

/// Loading tries each codec, and leaves nothing behind in its buckets.
#[tokio::test(flavor = "multi_thread")]
async fn probes_stay_out_of_the_bucket() {
    let (cloakroom, folder) = open(&format!("{REMOTE}{REST}")).await;
    let cloakroom = cloakroom.map_err(|error| chain(&error)).unwrap();
    let objects = || fs::read_dir(folder.path().join("parts")).unwrap().count();
    assert_eq!(objects(), 0);
    let encoded = cloakroom.encode(&Context::none(), sent(9)).await.unwrap();
    assert_eq!(objects(), 1);
    assert_eq!(cloakroom.decode(&Context::none(), encoded).await.unwrap(), sent(9));
}

/// A store that may hold no plaintext gets none from a codec either.
#[tokio::test(flavor = "multi_thread")]
async fn plaintext_is_not_moved_where_storage_is_sealed() {
    let (opened, _folder) = open(&format!("{REMOTE}{SEALING}{STORAGE}{REST}")).await;
    let error = opened.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_text(
        &chain(&error),
        &["line 4", "`remote`", "`storage.sealed`"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 4: stage `remote` may write into buckets before a required stage has encrypted, and `storage.sealed` allows no plaintext in a store: put it behind that stage
        "#]],
    );
    let (opened, _folder) = open(&format!("{SEALING}{REMOTE}{STORAGE}{REST}")).await;
    assert!(opened.is_ok(), "{}", chain(&opened.map(drop).unwrap_err()));
    let unsealed = STORAGE.replace("sealed = true\n", "");
    let (opened, _folder) = open(&format!("{REMOTE}{SEALING}{unsealed}{REST}")).await;
    assert!(opened.is_ok(), "{}", chain(&opened.map(drop).unwrap_err()));
}

/// Integrity is the codec's part: the host knows no claim of the object.
#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_was_changed_is_refused_by_the_codec() {
    let bucket = bucket();
    let pipeline = pipeline(&bucket, BucketAccess::whole(), None).await;
    let encoded = pipeline.encode(&Context::none(), sent(10)).await.unwrap();
    let digest = encoded[0].metadata["x-remote"].clone();
    let key = format!("parts/{}", String::from_utf8(digest.to_vec()).unwrap());
    bucket.put(&key, vec![Bytes::from_static(b"other")], PutMode::Overwrite).await.unwrap();
    let error = pipeline.decode(&Context::none(), encoded).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
}
