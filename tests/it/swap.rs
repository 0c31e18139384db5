//! A configuration is swapped while calls are in flight.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use cloakroom::{Cloakroom, CloakroomBuilder, Context, ErrorKind, Payload};
use cloakroom_tests::{assert_text, chain, compile_cache, ctx, noise, plain, text};
use expect_test::expect;

/// A configuration that stores with one of two drivers, and reads from both.
fn config(stores: &str) -> String {
    format!(
        r#"
[[stage]]
plugin = "bundled:zstd"
[storage]
threshold = "1KiB"
store_with = "{stores}"
cache.memory = "0B"
[[storage.driver]]
name = "one"
plugin = "bundled:s3"
settings = {{ bucket = "memory" }}
grants.buckets = ["memory"]
[[storage.driver]]
name = "two"
plugin = "bundled:file"
settings = {{ bucket = "folder" }}
grants.buckets = ["folder"]
[buckets.memory]
url = "memory:objects"
[buckets.folder]
url = "file:objects"
"#
    )
}

/// Replaces a file at once, so that nobody reads half of it.
fn put(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, path).unwrap();
}

async fn open(folder: &Path, stores: &str) -> Cloakroom {
    let path = folder.join("cloakroom.toml");
    fs::write(&path, config(stores)).unwrap();
    let opened = CloakroomBuilder::file(path).with_cache(compile_cache()).open().await;
    opened.map_err(|error| chain(&error)).unwrap()
}

fn driver(reference: &Payload) -> String {
    let reference: serde_json::Value = serde_json::from_slice(&reference.data).unwrap();
    reference["driverName"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_notices_but_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let cloakroom = open(folder.path(), "one").await;
    let (over, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let callers = (0..64).map(|caller: usize| {
        let (cloakroom, over, calls) = (cloakroom.clone(), over.clone(), calls.clone());
        tokio::spawn(async move {
            let mut kept = Vec::new();
            while !over.load(Ordering::SeqCst) {
                let sent = vec![plain(noise(2000 + caller)), plain(text(40_000 + caller))];
                let stored = cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
                assert_eq!(cloakroom.decode(&ctx(), stored.clone()).await.unwrap(), sent);
                calls.fetch_add(1, Ordering::SeqCst);
                kept = stored;
            }
            kept
        })
    });
    let callers: Vec<_> = callers.collect();
    for turn in 0..20 {
        let stores = ["two", "one"][turn % 2];
        fs::write(folder.path().join("cloakroom.toml"), config(stores)).unwrap();
        cloakroom.reload().await.unwrap();
        let before = calls.load(Ordering::SeqCst);
        while calls.load(Ordering::SeqCst) < before + 64 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let stored = cloakroom.encode(&ctx(), vec![plain(noise(2000))]).await.unwrap();
        assert_eq!(driver(&stored[0]), stores);
    }
    over.store(true, Ordering::SeqCst);
    for caller in callers {
        let kept = caller.await.expect("a call failed, or gave what was not sent");
        assert!(cloakroom.decode(&ctx(), kept).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_one_leaves_the_old_one_serving() {
    let folder = tempfile::tempdir().unwrap();
    let cloakroom = open(folder.path(), "one").await;
    let sent = vec![plain(noise(2000))];
    let kept = cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
    let broken = [
        (
            config("three"),
            expect![[r#"
                [folder]/cloakroom.toml, line 6: `store_with` names `three`, and there is no such driver; add a [[storage.driver]]
            "#]],
        ),
        (
            config("one").replace("bundled:zstd", "file:gone.wasm"),
            expect![[r#"
                [folder]/cloakroom.toml, line 3, stage `gone`, key `plugin`: plugin `gone` (`[folder]/gone.wasm`): cannot read the plugin's file: No such file or directory (os error 2)
            "#]],
        ),
        (
            config("one").replace("\"memory:objects\"", "\"ftp:objects\""),
            expect![[r#"
                [folder]/cloakroom.toml, line 19: [buckets.memory]: `ftp:objects`: unknown kind of bucket: write `memory:NAME`, `file:FOLDER`, `s3://BUCKET`, `gs://BUCKET` or `az://CONTAINER`
            "#]],
        ),
        (
            "[[stage]".to_owned(),
            expect![[r#"
                [folder]/cloakroom.toml, line 1: unclosed array table, expected `]`
            "#]],
        ),
    ];
    for (text, snapshot) in broken {
        fs::write(folder.path().join("cloakroom.toml"), text).unwrap();
        let error = cloakroom.reload().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_text(&chain(&error), &["cloakroom.toml, line "], &snapshot);
        assert_eq!(cloakroom.decode(&ctx(), kept.clone()).await.unwrap(), sent);
    }
}

/// A changed file is loaded. Objects of the old driver stay readable when it no longer stores.
#[tokio::test(flavor = "multi_thread")]
async fn files_are_watched() {
    let folder = tempfile::tempdir().unwrap();
    let cloakroom = open(folder.path(), "one").await;
    let sent = vec![plain(noise(2000))];
    let old = cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let watch = cloakroom.watch(Duration::from_millis(20), move |swapped| {
        let _ = tell.send(swapped.map_err(|error| error.to_string()));
    });
    let watch = watch.unwrap();
    let path = folder.path().join("cloakroom.toml");
    put(&path, "[[stage]]\nplugin = 1");
    assert_text(
        &told.recv().await.unwrap().unwrap_err(),
        &["line 2"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 2: invalid type: integer `1`, expected a string
        "#]],
    );
    put(&path, &config("two"));
    assert_eq!(told.recv().await.unwrap(), Ok(()));
    let new = cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(driver(&new[0]), "two");
    for kept in [old, new] {
        assert_eq!(cloakroom.decode(&Context::none(), kept).await.unwrap(), sent);
    }
    // What was watching lets go of its end of the channel, and so can tell nothing any more.
    drop(watch);
    put(&path, &config("one"));
    assert_eq!(told.recv().await, None);
}
