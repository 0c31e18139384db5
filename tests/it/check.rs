//! `cloakroom check`: what it tells of a configuration and of its stores.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use cloakroom::{
    ByteSize, CloakroomBuilder, Context, Driver, Error, ErrorKind,
    inspect::{StoreOutcome, StoreRow, StoreStep},
    storage::{Bucket, Claim, Object, ObjectBucket, PutMode, PutOutcome},
};
use cloakroom_tests::{KEY, assert_text, compile_cache};
use expect_test::expect;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::cli::{check, refused, run};

const CONFIG: &str = r#"
[[stage]]
plugin = "bundled:zstd"

[[stage]]
plugin = "bundled:aes-gcm"
required = true
settings = { ring = "payments" }
grants.keys = ["payments"]

[storage]
threshold = "3MiB"
store_with = "local"

[[storage.driver]]
name = "local"
plugin = "bundled:file"
settings = { bucket = "objects" }
grants.buckets = ["objects"]

[[storage.driver]]
name = "old"
plugin = "bundled:file"
settings = { bucket = "archive" }
grants.buckets = ["archive"]

[buckets.objects]
url = "file:objects"

[buckets.archive]
url = "file:archive"
read_only = true

[keys.payments]
current = "2026-11"
[keys.payments.material]
"2026-11" = { file = "key" }
"2026-05" = { file = "key" }
"#;

fn folder(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key"), KEY).unwrap();
    fs::write(folder.path().join("no.wasm"), "no plugin").unwrap();
    let path = folder.path().join("cloakroom.toml");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn a_good_configuration_is_told_by_names() {
    let (_folder, config) = folder(CONFIG);
    let says = [
        "zstd      bundled:zstd",
        "required",
        "local.filedriver   stores and reads",
        "archive   file:archive   all keys   read only",
        "payments   current 2026-11   retired 2026-05",
        "empty body, no metadata, json/plain, binary/plain, 1 MiB, its own encoding",
        "cloakroom.toml, line 12: `threshold` is 3MiB",
    ];
    let out = check(&run(&["check", "--config", &config], ""), 0, &says);
    assert!(!out.contains("stores\n"), "{out}");
}

#[test]
fn json_has_the_same() {
    let (_folder, config) = folder(CONFIG);
    let out = check(&run(&["check", "--json", "--config", &config], ""), 0, &[]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["ok"], true);
    assert_eq!(report["stages"][1]["required"], "yes");
    assert_eq!(report["drivers"][0]["stores"], true);
    assert_eq!(report["drivers"][1]["buckets"], json!(["archive"]));
    assert_eq!(report["keys"][0]["keys"], json!(["2026-05", "2026-11"]));
    assert_eq!(report["warnings"].as_array().unwrap().len(), 1);
    assert!(report["stores"].is_null());
}

#[test]
fn namespaces_are_listed_with_what_differs() {
    let namespaces = r#"
        [namespace.shop]
        mode = "decode"
        shares = ["billing", "audit"]
        ring = "payments"
        plain = [{ workflow_type = "Ping*" }]

        [namespace.shop.storage]
        threshold = "64KiB"
        store_with = "inline"

        [[namespace.shop.storage.rule]]
        store_with = "local"

        [namespace.quiet]
        mode = "off"
    "#;
    // Namespaces without stages would leave payloads that nobody could read again.
    let stages = CONFIG.replace("required = true", "required = \"encode\"");
    let (_folder, config) = folder(&(stages + namespaces));
    let out = check(&run(&["check", "--config", &config], ""), 0, &[]);
    let listed = out.split_once("namespaces\n").unwrap().1;
    let listed: Vec<_> = listed.lines().take(2).collect();
    expect![[r#"
        [
            "  quiet   off                            rings of the stages   storage of the file                      shares with none",
            "  shop    decode, 1 rule for plaintext   ring payments         stores from 64KiB, with inline, 1 rule   shares with audit, billing",
        ]
    "#]].assert_debug_eq(&listed);

    let out = check(&run(&["check", "--json", "--config", &config], ""), 0, &[]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        report["namespaces"][1],
        json!({
            "name": "shop", "mode": "decode", "plainRules": 1, "ring": "payments", "oldRings": [],
            "threshold": 65536, "storeWith": "inline", "rules": 1, "shares": ["audit", "billing"],
        })
    );
}

#[test]
fn a_wrong_configuration_is_status_2_with_file_line_and_key() {
    let wrong = CONFIG.replace("\"bundled:zstd\"", "\"file:no.wasm\"");
    let (_folder, config) = folder(&wrong);
    let facts = ["cloakroom.toml, line 3, stage `no`, key `plugin`", "plugin `no`", "no.wasm`"];
    refused(
        &run(&["check", "--config", &config], ""),
        2,
        &facts,
        &expect![[r#"
        error: [folder]/cloakroom.toml, line 3, stage `no`, key `plugin`: plugin `no` (`[folder]/no.wasm`): is not a WebAssembly component: it begins with other bytes than `\0asm`
    "#]],
    );
    let out = check(&run(&["check", "--json", "--config", &config], ""), 2, &[]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["ok"], false);
    assert_eq!(report["error"]["kind"], "plugin_rejected");
    assert_eq!(report["error"]["plugin"], "no");
    assert!(
        report["error"]["place"].as_str().unwrap().contains("cloakroom.toml, line 3, stage `no`")
    );
}

#[test]
fn stores_are_written_read_and_tidied() {
    let (folder, config) = folder(CONFIG);
    let says = ["local   objects   write    ok", "local   objects   read     ok", "list     ok"];
    let command = ["check", "--stores", "--config", &config];
    check(&run(&command, ""), 0, &[&says[..], &["objects   remove   ok"]].concat());
    assert_eq!(files(&folder.path().join("objects")), [""; 0], "the probe object was left");

    // A file is in the place of the folder: the error names the bucket and the path.
    fs::remove_dir_all(folder.path().join("objects")).unwrap();
    fs::write(folder.path().join("objects"), "a file").unwrap();
    refused(
        &run(&command, ""),
        2,
        &["line 28", "objects"],
        &expect![[r#"
            error: [folder]/cloakroom.toml, line 28: [buckets.objects]: `file:objects`: cannot use folder `[folder]/objects`
        "#]],
    );
}

/// A bucket whose store allows some things and denies others.
struct Strict {
    within: ObjectBucket,
    denies: &'static str,
}

impl Strict {
    fn ask(&self, what: &str) -> Result<(), Error> {
        if self.denies.split(" and ").any(|denied| denied == what) {
            return Err(Error::new(ErrorKind::Denied, "HTTP 403"));
        }
        Ok(())
    }
}

impl Bucket for Strict {
    fn name(&self) -> &str {
        self.within.name()
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        body: Vec<Bytes>,
        mode: PutMode,
    ) -> BoxFuture<'a, Result<PutOutcome, Error>> {
        Box::pin(async move {
            self.ask(if mode == PutMode::Overwrite { "overwrite" } else { "put" })?;
            self.within.put(key, body, mode).await
        })
    }

    fn get<'a>(&'a self, key: &'a str, most: u64) -> BoxFuture<'a, Result<Bytes, Error>> {
        Box::pin(async move {
            self.ask("get")?;
            let found = self.within.get(key, most).await?;
            // One bit less.
            let spoil = |mut bytes: Vec<u8>| {
                bytes[0] ^= 1;
                bytes.into()
            };
            Ok(if self.denies == "honesty" { spoil(found.to_vec()) } else { found })
        })
    }

    fn size<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<u64>, Error>> {
        Box::pin(async move {
            self.ask("size")?;
            self.within.size(key).await
        })
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.ask("remove")?;
            self.within.remove(key).await
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        Box::pin(async move {
            self.ask("list")?;
            self.within.list(prefix, after).await
        })
    }
}

fn native(grant: &str) -> String {
    format!(
        "[storage]\n[[storage.driver]]\nname = \"d\"\nplugin = \"bundled:s3\"\n\
         settings = {{ bucket = \"b\" }}\ngrants.buckets = [\"b\"]\n\
         [buckets.b]\nurl = \"native:b\"\n{grant}\n"
    )
}

async fn rows(denies: &'static str, text: &str) -> (Vec<StoreRow>, Vec<String>) {
    let bucket = Arc::new(Strict { within: ObjectBucket::memory("b"), denies });
    let opening =
        CloakroomBuilder::text(text).with_cache(compile_cache()).with_bucket("b", bucket.clone());
    let rows = opening.check().await.unwrap().stores().await;
    (rows, bucket.within.list("", None).await.unwrap())
}

fn steps(rows: &[StoreRow]) -> Vec<(StoreStep, bool)> {
    rows.iter().map(|row| (row.step, row.is_failure())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_store_denies_is_told_with_what_to_do() {
    use StoreStep::{Read, Remove, Write};

    let (all, left) = rows("nothing", &native("")).await;
    assert_eq!(steps(&all), [(Write, false), (Read, false), (Remove, false)]);
    assert_eq!(left, [""; 0]);

    let (all, _) = rows("put", &native("")).await;
    assert_eq!(steps(&all), [(Write, true)]);
    let StoreOutcome::Failed { kind, error, advice } = &all[0].outcome else { panic!("{all:?}") };
    assert_eq!(*kind, ErrorKind::Denied);
    assert_text(
        &format!("{error}: {advice}"),
        &["HTTP 403"],
        &expect![[r#"
            stage `storage d`, encoding payload 0, plugin `s3`: HTTP 403: let this user read and write there, or change the grant of the bucket
        "#]],
    );
    assert_eq!((&*all[0].driver, &*all[0].bucket), ("d", "b"));

    for (denies, snapshot) in [
        (
            "get",
            expect![[r#"
                the probe object stays: no entry of its claim is the key of an object with its content
            "#]],
        ),
        (
            "honesty",
            expect![[r#"
                the probe object stays: no entry of its claim is the key of an object with its content
            "#]],
        ),
    ] {
        let (all, left) = rows(denies, &native("")).await;
        assert_eq!(steps(&all)[..2], [(Write, false), (Read, true)], "{denies}");
        let StoreOutcome::Noted(text) = &all[2].outcome else { panic!("{all:?}") };
        assert_text(&text.replace(&left[0], "KEY"), &[], &snapshot);
        assert_eq!(left.len(), 1, "something else was removed");
    }

    // No worker needs to remove, so it is no failure.
    let (all, left) = rows("remove", &native("")).await;
    assert_eq!(steps(&all), [(Write, false), (Read, false), (Remove, false)]);
    let StoreOutcome::Noted(text) = &all[2].outcome else { panic!("{all:?}") };
    assert!(text.contains(&left[0]), "{text}");
    assert_text(
        &text.replace(&left[0], "KEY"),
        &["HTTP 403"],
        &expect![[r#"
            the probe object `KEY` stays: HTTP 403; remove it by hand, no worker needs this permission
        "#]],
    );
}

/// A bucket whose objects are renewed must let them be.
#[tokio::test(flavor = "multi_thread")]
async fn where_ages_are_renewed_that_is_tried_too() {
    use StoreStep::{Read, Remove, Renew, Write};

    let text = native("refresh_after = \"20d\"");
    let (all, left) = rows("nothing", &text).await;
    assert_eq!(steps(&all), [(Write, false), (Read, false), (Renew, false), (Remove, false)]);
    assert_eq!(left, [""; 0]);
    let (all, left) = rows("overwrite", &text).await;
    assert_eq!(steps(&all), [(Write, false), (Read, false), (Renew, true), (Remove, false)]);
    assert_eq!(left, [""; 0], "what cannot be renewed is removed all the same");
}

/// Where only one namespace may be written to, the probe is stored there.
#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_grant_is_tried_within_its_prefix() {
    let (all, left) = rows("remove", &native("prefix = \"v0/ns/pay%20all/\"")).await;
    assert!(!all.iter().any(StoreRow::is_failure), "{all:?}");
    assert!(left[0].starts_with("v0/ns/pay%20all/wt/cloakroom-probe/"), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_may_only_be_read_is_listed() {
    let text = format!(
        "{}\n[buckets.w]\nurl = \"memory:w\"\n",
        native("read_only = true").replace(
            "[storage]",
            "[storage]\nstore_with = \"w\"\n[[storage.driver]]\nname = \"w\"\n\
             plugin = \"bundled:s3\"\nsettings = { bucket = \"w\" }\ngrants.buckets = [\"w\"]",
        )
    );
    let (all, left) = rows("nothing", &text).await;
    let last = all.last().unwrap();
    assert_eq!((last.step, last.is_failure(), &*last.bucket), (StoreStep::List, false, "b"));
    assert_eq!(left, [""; 0], "a bucket for reading was written to");
    // Who may read and not list is asked for an object that is not there.
    let (all, _) = rows("list", &text).await;
    assert!(!all.iter().any(StoreRow::is_failure), "{all:?}");
    let (all, _) = rows("list and size", &text).await;
    let last = all.last().unwrap();
    assert!(last.is_failure() && last.step == StoreStep::List, "{all:?}");
}

/// A driver that keeps objects in this process, and has no bucket.
#[derive(Default)]
struct Shelf(Mutex<BTreeMap<String, Bytes>>);

impl Driver for Shelf {
    fn kind(&self) -> &str {
        "shelf"
    }

    fn store<'a>(
        &'a self,
        ctx: &'a Context,
        object: Object,
    ) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(async move {
            assert!(ctx.is_probe(), "the probe is stored for somebody");
            let place = hex::encode(object.sha256());
            self.0.lock().unwrap().insert(place.clone(), object.envelope().to_bytes());
            Ok(Claim::from([("place".to_owned(), place)]))
        })
    }

    fn retrieve<'a>(
        &'a self,
        _: &'a Context,
        claim: &'a Claim,
        _: ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        Box::pin(async move { Ok(self.0.lock().unwrap()[&claim["place"]].clone()) })
    }
}

#[tokio::test]
async fn a_driver_without_a_bucket_is_tried_and_its_probe_stays() {
    let text = "[storage]\n[[storage.driver]]\nname = \"d\"\nplugin = \"native:shelf\"\n";
    let check =
        CloakroomBuilder::text(text).with_driver("shelf", Shelf::default()).check().await.unwrap();
    let (first, second) = (check.stores().await, check.stores().await);
    for rows in [first, second] {
        assert_eq!(steps(&rows).len(), 3, "{rows:?}");
        assert!(!rows.iter().any(StoreRow::is_failure), "{rows:?}");
        let StoreOutcome::Noted(text) = &rows[2].outcome else { panic!("{rows:?}") };
        assert_text(
            text,
            &[],
            &expect![[r#"
                the probe object stays: the driver is granted no bucket to remove it from
            "#]],
        );
    }
}
