//! Grants and buckets of a configuration: each key gives, or takes, what it says.

use std::{fs, sync::Arc};

use cloakroom::{
    Cloakroom, CloakroomBuilder, Error, ErrorKind,
    storage::{Bucket, ObjectBucket, PutMode},
};
use cloakroom_tests::{KEY, ROGUE, ROGUE_DRIVER, chain, compile_cache, ctx, noise, plain};

use crate::hostile_store::{Hostile, answer};

/// Opens a configuration beside the rogues and a key.
async fn open(text: &str, bucket: Option<Arc<dyn Bucket>>) -> Result<Cloakroom, Error> {
    let folder = tempfile::tempdir().unwrap();
    for (name, contents) in [
        ("key", KEY.as_slice()),
        ("secret", b"test"),
        ("rogue.wasm", ROGUE),
        ("rogue_driver.wasm", ROGUE_DRIVER),
    ] {
        fs::write(folder.path().join(name), contents).unwrap();
    }
    let path = folder.path().join("cloakroom.toml");
    fs::write(&path, text).unwrap();
    let builder = CloakroomBuilder::file(path).with_cache(compile_cache());
    match bucket {
        Some(bucket) => builder.with_bucket("b", bucket).open().await,
        None => builder.open().await,
    }
}

/// A driver that does as `act` says with bucket `b`, beside a bucket that may be written to.
fn acting(act: &str, bucket: &str, grants: &str) -> String {
    format!(
        "[storage]\nthreshold = \"0B\"\n[[storage.driver]]\nname = \"d\"\n\
         plugin = \"file:rogue_driver.wasm\"\nsettings = {{ act = \"{act}\" }}\n\
         grants.buckets = [\"b\", \"writable\"]\n{grants}\n\
         [buckets.b]\nurl = \"native:b\"\n{bucket}\n[buckets.writable]\nurl = \"memory:w\"\n"
    )
}

/// Stores a payload, and returns the kind of error that opening or storing ended with.
async fn outcome(act: &str, keys: &str) -> Option<ErrorKind> {
    let bucket: Arc<dyn Bucket> = Arc::new(ObjectBucket::memory("b"));
    let there: &[_] = if act == "first" { &[] } else { &["secret", "v0/x"] };
    for key in there {
        bucket.put(key, vec!["there before".into()], PutMode::Create).await.unwrap();
    }
    let cloakroom = match open(&acting(act, keys, ""), Some(bucket)).await {
        Ok(cloakroom) => cloakroom,
        Err(error) => return Some(error.kind()),
    };
    let stored = cloakroom.encode(&ctx(), vec![plain(noise(2000))]).await;
    stored.err().map(|error| error.kind())
}

/// Each case has another one beside it that differs in the key alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_allows_what_its_keys_say() {
    let denied = Some(ErrorKind::Denied);
    for (act, keys, expected) in [
        ("first", "", None),
        ("first", "read_only = true", denied),
        ("first", "prefix = \"v0/\"", None),
        ("first", "prefix = \"v1/\"", denied),
        ("first", "allow = [\"read\"]", denied),
        ("", "", denied),
        ("", "allow = [\"read\", \"write\", \"overwrite\"]", None),
        ("remove", "allow = [\"read\", \"write\", \"overwrite\"]", denied),
        ("remove", "allow = [\"read\", \"write\", \"overwrite\", \"remove\"]", None),
        ("list", "allow = [\"read\", \"write\", \"overwrite\"]", denied),
        ("list", "allow = [\"read\", \"write\", \"overwrite\", \"list\"]", None),
    ] {
        assert_eq!(outcome(act, keys).await, expected, "`{act}` with {keys}");
    }
}

/// The bundled codecs use no bucket, so that only the name of one is seen to be read.
#[tokio::test]
async fn a_stage_is_granted_only_buckets_that_there_are() {
    let stage = "[[stage]]\nplugin = \"bundled:zlib\"\ngrants.buckets = [\"none\"]\n";
    let error = open(stage, None).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{}", chain(&error));
    assert!(error.place().unwrap().ends_with("cloakroom.toml, line 3"), "{}", chain(&error));
}

/// A plugin's words, which may be a payload's, are in an error if `grants.log` is true.
#[tokio::test(flavor = "multi_thread")]
async fn words_of_a_plugin_are_shown_if_its_log_is_granted() {
    for (grants, is_shown) in
        [("", false), ("grants.log = false", false), ("grants.log = true", true)]
    {
        let bucket: Arc<dyn Bucket> = Arc::new(ObjectBucket::memory("b"));
        let cloakroom = open(&acting("quote", "", grants), Some(bucket)).await.unwrap();
        let error = cloakroom.encode(&ctx(), vec![plain("canary")]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Failed, "{}", chain(&error));
        assert_eq!(chain(&error).contains("canary"), is_shown, "{}", chain(&error));

        // The probe of a new stage sends an attack that this plugin does not know.
        let stage = format!(
            "[[stage]]\nplugin = \"file:rogue.wasm\"\ngrants.keys = [\"rogue\"]\n\
             grants.subkeys = [\"rogue\"]\ngrants.tcp = [\"127.0.0.1:9\"]\n{grants}\n\
             [keys.rogue]\ncurrent = \"k\"\nmaterial = {{ k = {{ file = \"key\" }} }}\n"
        );
        let error = chain(&open(&stage, None).await.map(drop).unwrap_err());
        assert!(error.contains("stage `rogue`"), "{error}");
        assert_eq!(error.contains("grant it the log"), !is_shown, "{error}");
    }
}

/// With the default of 30 seconds there are some thirty requests.
#[tokio::test(flavor = "multi_thread")]
async fn patience_bounds_how_long_a_request_is_repeated() {
    let store = Hostile::start(answer("503 Service Unavailable", "", ""), false);
    let text = format!(
        "[storage]\nthreshold = \"0B\"\n[[storage.driver]]\nname = \"d\"\nplugin = \"bundled:s3\"\n\
         settings = {{ bucket = \"b\" }}\ngrants.buckets = [\"b\"]\n\
         [buckets.b]\nurl = \"s3://b\"\npatience = \"1ms\"\nendpoint = \"{}\"\nallow_http = true\n\
         region = \"us-east-1\"\naccess_key_id = \"test\"\n\
         secret_access_key = {{ file = \"secret\" }}\n",
        store.url()
    );
    let cloakroom = open(&text, None).await.map_err(|error| chain(&error)).unwrap();
    let error = cloakroom.encode(&ctx(), vec![plain(noise(2000))]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{}", chain(&error));
    // A first answer within the millisecond leads to one more.
    assert!((1..=2).contains(&store.requests()), "{} requests", store.requests());
}
