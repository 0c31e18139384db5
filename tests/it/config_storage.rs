//! Storage as a configuration describes it, and every way in which it can be wrong.

use std::{fs, sync::Arc};

use bytes::Bytes;
use cloakroom::{
    ByteSize, Cloakroom, CloakroomBuilder, Codec, Context, Driver, Error, ErrorKind, Payload,
    codec::{Description, Encoded, Purpose},
    storage::{Bucket as _, Claim, Object, ObjectBucket},
};
use cloakroom_tests::{KEY, assert_text, chain, compile_cache, ctx, noise, plain, ring};
use expect_test::{Expect, expect};
use futures::future::BoxFuture;

const GOOD: &str = r#"
[[stage]]
plugin = "bundled:aes-gcm"
required = true
settings = { ring = "payments", repeatable = true }
grants.keys = ["payments"]

[storage]
threshold = "1KiB"
store_with = "aws.s3driver"
sealed = true
claims = { policy = "write", ring = "payments" }

[[storage.rule]]
store_with = "inline"
namespace = "audit"

[[storage.driver]]
name = "aws.s3driver"
plugin = "bundled:s3"
settings = { bucket = "payloads" }
grants.buckets = ["payloads"]

[[storage.driver]]
name = "redis"
plugin = "bundled:redis"
settings = { address = "127.0.0.1:6379" }
grants.tcp = ["127.0.0.1:6379"]

[buckets.payloads]
url = "memory:payloads"

[keys.payments]
current = "k"
material = { k = { file = "key" } }
"#;

async fn open(text: &str) -> Result<Cloakroom, Error> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key"), KEY).unwrap();
    fs::write(folder.path().join("s3.wasm"), cloakroom_bundle::find("s3").unwrap().wasm).unwrap();
    let path = folder.path().join("cloakroom.toml");
    fs::write(&path, text).unwrap();
    CloakroomBuilder::file(path).with_cache(compile_cache()).open().await
}

fn is_reference(payload: &Payload) -> bool {
    payload.encoding() == Some("json/protobuf")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_one_opens_and_works() {
    let cloakroom = open(GOOD).await.map_err(|error| chain(&error)).unwrap();
    let sent = vec![plain(noise(2000)), plain("small")];
    let kept = cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
    assert!(is_reference(&kept[0]) && !is_reference(&kept[1]));
    assert!(kept[0].data.windows(15).any(|bytes| bytes == b"cloakroom_proof"));
    assert_eq!(cloakroom.encode(&ctx(), sent.clone()).await.unwrap(), kept, "not repeatable");
    assert_eq!(cloakroom.decode(&ctx(), kept).await.unwrap(), sent);
    let audit = Context::namespace("audit");
    let kept = cloakroom.encode(&audit, sent.clone()).await.unwrap();
    assert!(!kept.iter().any(is_reference), "the rule does not hold");
}

/// A part of the valid configuration, its invalid replacement, facts in the error, and the error.
const WRONG: [(&str, &str, &[&str], Expect); 22] = [
    (
        "threshold",
        "treshold",
        &["line 9", "`threshold`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 9: unknown key `treshold`; did you mean `threshold`?
        "#]],
    ),
    (
        "store_with = \"aws.s3driver\"",
        "",
        &["store_with = \"aws.s3driver\""],
        expect![[r#"
            [folder]/cloakroom.toml, line 8: [storage] has several drivers: say which one stores, such as `store_with = "aws.s3driver"`
        "#]],
    ),
    (
        "store_with = \"aws.s3driver\"",
        "store_with = \"aws.s3drive\"",
        &["`aws.s3driver`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 10: `store_with` names `aws.s3drive`, and there is no such driver; did you mean `aws.s3driver`?
        "#]],
    ),
    (
        "store_with = \"inline\"",
        "store_with = \"online\"",
        &[],
        expect![[r#"
            [folder]/cloakroom.toml, line 15: `store_with` names `online`, and there is no such driver; add a [[storage.driver]]
        "#]],
    ),
    (
        "required = true",
        "",
        &[],
        expect![[r#"
            [folder]/cloakroom.toml, line 11: what is stored must be sealed, and no stage is required to: mark the one that encrypts as `required`
        "#]],
    ),
    (
        "policy = \"write\"",
        "policy = \"wirte\"",
        &["line 12"],
        expect![[r#"
            [folder]/cloakroom.toml, line 12: unknown word, expected one of `off`, `write`, `require`
        "#]],
    ),
    (
        "\"write\", ring = \"payments\"",
        "\"write\"",
        &["`storage.claims`", "`ring`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 12: `storage.claims` needs the `ring` whose keys prove who wrote a claim
        "#]],
    ),
    (
        "\"write\", ring = \"payments\"",
        "\"write\", ring = \"pay\"",
        &[],
        expect![[r#"
            [folder]/cloakroom.toml, line 12: storage.claims names `pay`, and there is no such key ring; add a [keys.pay]
        "#]],
    ),
    (
        "namespace = \"audit\"",
        "workflow_type = \"a\"\nactivity_type = \"b\"",
        &[],
        expect![[r#"
            [folder]/cloakroom.toml, line 17: a [[storage.rule]] asks for a workflow's type and an activity's: no payload has both
        "#]],
    ),
    (
        "name = \"redis\"",
        "name = \"aws.s3driver\"",
        &[],
        expect![[r#"
            [folder]/cloakroom.toml, line 25: another [[storage.driver]] is called `aws.s3driver` too: each needs a name of its own, because references name it
        "#]],
    ),
    (
        "name = \"redis\"",
        "name = \"inline\"",
        &["`inline`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 25: a driver cannot be called `inline`: rules use the word
        "#]],
    ),
    (
        "\"bundled:s3\"",
        "\"bundled:s4\"",
        &["driver `aws.s3driver`", "`s3`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 20: storage driver `aws.s3driver`: no bundled plugin is called `s4`; did you mean `s3`?
        "#]],
    ),
    (
        "\"bundled:s3\"",
        "\"bundled:zstd\"",
        &["plugin `zstd`", "[[stage]]"],
        expect![[r#"
            [folder]/cloakroom.toml, line 20, driver `aws.s3driver`, key `plugin`: plugin `zstd`: is a codec, not a storage driver: it goes into [[stage]]
        "#]],
    ),
    (
        "\"bundled:aes-gcm\"",
        "\"file:s3.wasm\"",
        &["plugin `s3`", "[[storage.driver]]"],
        expect![[r#"
            [folder]/cloakroom.toml, line 3, stage `s3`, key `plugin`: plugin `s3` (`[folder]/s3.wasm`): is a storage driver, not a codec: it goes into [[storage.driver]]
        "#]],
    ),
    (
        "{ bucket = \"payloads\" }",
        "{}",
        &["plugin `s3`", "`bucket`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 21, driver `aws.s3driver`, key `settings`: plugin `s3`: setting `bucket` is needed
        "#]],
    ),
    (
        "{ bucket = \"payloads\" }",
        "{ bucket = \"x\" }",
        &["`x`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 21, driver `aws.s3driver`, key `settings`: plugin `s3`: setting `bucket` names `x`, which is not granted: add it to `grants.buckets`
        "#]],
    ),
    (
        "{ bucket = \"payloads\" }",
        "{ bucket = \"payloads\", prefix = \"/a\" }",
        &["`prefix`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 21, driver `aws.s3driver`, key `settings`: plugin `s3`: setting `prefix` has an empty segment
        "#]],
    ),
    (
        "grants.buckets = [\"payloads\"]",
        "",
        &["cloakroom:plugin/blobs", "grants.buckets"],
        expect![[r#"
            [folder]/cloakroom.toml, line 18, driver `aws.s3driver`, key `grants`: plugin `s3`: imports `cloakroom:plugin/blobs@0.1.0`, which was not granted: grant a bucket, or use another plugin (`grants.buckets = ["BUCKET"]`)
        "#]],
    ),
    (
        "grants.buckets = [\"payloads\"]",
        "grants.buckets = [\"payload\"]",
        &["`payloads`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 22: storage driver `aws.s3driver`: grants.buckets names `payload`, and there is no such bucket; did you mean `payloads`?
        "#]],
    ),
    (
        "grants.tcp = [\"127.0.0.1:6379\"]",
        "",
        &["wasi:sockets", "grants.tcp"],
        expect![[r#"
            [folder]/cloakroom.toml, line 24, driver `redis`, key `grants`: plugin `redis`: imports `wasi:sockets/network@0.2.6`, which was not granted: grant an address, or build the plugin without a network (componentize-py: `--stub-wasi`) (`grants.tcp = ["ADDRESS:PORT"]`)
        "#]],
    ),
    (
        "address = \"127.0.0.1:6379\"",
        "address = \"redis:6379\"",
        &["127", "6379"],
        expect![[r#"
            [folder]/cloakroom.toml, line 27, driver `redis`, key `settings`: plugin `redis`: setting `address` must be an address and a port, such as 127.0.0.1:6379
        "#]],
    ),
    (
        "\"memory:payloads\"",
        "\"s3://a/b\"",
        &["[buckets.payloads]", "s3://BUCKET"],
        expect![[r#"
            [folder]/cloakroom.toml, line 31: [buckets.payloads]: `s3://a/b`: the URL names no bucket or has a path: write `s3://BUCKET`, and limit the keys by the access that is granted (`buckets.NAME.prefix`)
        "#]],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_one_is_refused_before_anything_runs() {
    for (right, wrong, facts, snapshot) in &WRONG {
        assert!(GOOD.contains(right), "{right}");
        let error = open(&GOOD.replacen(right, wrong, 1)).await.map(drop).expect_err(wrong);
        let text = chain(&error);
        assert!(
            matches!(error.kind(), ErrorKind::Config | ErrorKind::MissingGrant),
            "{wrong}: {text}"
        );
        assert_text(&text, facts, snapshot);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_a_store_are_named_and_never_shown() {
    let told = |secret: &str| {
        let bucket = format!("\"s3://b\"\nregion = \"eu-west-1\"\nallow_http = {secret}");
        GOOD.replace("\"memory:payloads\"", &bucket)
    };
    assert!(open(&told("false")).await.is_ok());
    for (secret, snapshot) in [
        (
            "{ env = \"CLOAKROOM_NO_SUCH\" }",
            expect![[r#"
                [folder]/cloakroom.toml, line 33: [buckets.payloads] `allow_http`: the environment has no variable `CLOAKROOM_NO_SUCH`
            "#]],
        ),
        (
            "{ file = \"nowhere\" }",
            expect![[r#"
                [folder]/cloakroom.toml, line 33: [buckets.payloads] `allow_http`: cannot read `[folder]/nowhere`: No such file or directory (os error 2)
            "#]],
        ),
        (
            "{ file = \"key\" }",
            expect![[r#"
                [folder]/cloakroom.toml, line 31: [buckets.payloads]: `s3://b`: the settings contradict each other, or one of them is malformed
            "#]],
        ),
        (
            "{ file = \"key\", env = \"PATH\" }",
            expect![[r#"
                [folder]/cloakroom.toml, line 33: [buckets.payloads] `allow_http`: give one of `env` and `file`
            "#]],
        ),
    ] {
        let text = chain(&open(&told(secret)).await.map(drop).unwrap_err());
        assert_text(&text, &["buckets.payloads"], &snapshot);
        assert!(!text.contains("every test may know"), "{text}");
    }
}

/// A codec and a driver in the program's own Rust.
struct Own(Description, Arc<ObjectBucket>);

impl Codec for Own {
    fn description(&self) -> &Description {
        &self.0
    }

    fn encode<'a>(
        &'a self,
        _: &'a Context,
        payload: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>> {
        let encoded = Payload::new("binary/own", payload.envelope().to_bytes());
        Box::pin(async { Ok(Encoded::Changed(encoded)) })
    }

    fn decode<'a>(
        &'a self,
        _: &'a Context,
        payload: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        Box::pin(async { Payload::from_envelope(payload.data) })
    }
}

impl Driver for Own {
    fn kind(&self) -> &str {
        "own"
    }

    fn store<'a>(&'a self, _: &'a Context, object: Object) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(async move {
            let body = vec![object.envelope().to_bytes()];
            self.1.put("own", body, cloakroom::storage::PutMode::Overwrite).await?;
            Ok(Claim::new())
        })
    }

    fn retrieve<'a>(
        &'a self,
        _: &'a Context,
        _: &'a Claim,
        most: ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        Box::pin(async move { self.1.get("own", most.get()).await })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_may_bring_its_own() {
    let bucket = Arc::new(ObjectBucket::memory("brought"));
    let own = || {
        let encodings = vec!["binary/own".to_owned()];
        Own(Description { encodings, purpose: Purpose::Conversion }, bucket.clone())
    };
    let text = GOOD
        .replace("[[stage]]", "[[stage]]\nplugin = \"native:mine\"\n[[stage]]")
        .replace("\"bundled:redis\"", "\"native:mine\"")
        .replace("store_with = \"aws.s3driver\"", "store_with = \"redis\"")
        .replace("\"memory:payloads\"", "\"native:brought\"");
    let (text, _) = text.split_once("[keys.payments]").unwrap();
    let opening = || CloakroomBuilder::text(text).with_cache(compile_cache());
    let whole = opening().with_codec("mine", own()).with_driver("mine", own());
    let whole = whole.with_bucket("brought", bucket.clone()).with_key_ring("payments", ring());
    let cloakroom = whole.open().await.map_err(|error| chain(&error)).unwrap();
    let sent = vec![plain(noise(2000))];
    let kept = cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
    assert!(is_reference(&kept[0]));
    let stored = Payload::from_envelope(bucket.get("own", 9999).await.unwrap()).unwrap();
    assert_eq!(stored.encoding(), Some("binary/sealed"));
    assert_eq!(cloakroom.decode(&ctx(), kept).await.unwrap(), sent);

    let own_parts = [
        (
            opening().with_driver("mine", own()).with_bucket("brought", bucket.clone()),
            "codec `mine`",
            expect![[r#"
                configuration, line 3, stage `mine`, key `plugin`: no codec `mine` was given in the program: add it with `CloakroomBuilder::with_codec`
            "#]],
        ),
        (
            opening().with_codec("mine", own()).with_bucket("brought", bucket.clone()),
            "driver `mine`",
            expect![[r#"
                configuration, line 28, driver `redis`, key `plugin`: no driver `mine` was given in the program: add it with `CloakroomBuilder::with_driver`
            "#]],
        ),
        (
            opening().with_codec("mine", own()).with_driver("mine", own()),
            "bucket `brought`",
            expect![[r#"
                configuration, line 33: [buckets.payloads]: no bucket `brought` was given in the program
            "#]],
        ),
    ];
    for (opening, fact, snapshot) in own_parts {
        let error = opening.with_key_ring("payments", ring()).open().await.map(drop).unwrap_err();
        assert_text(&chain(&error), &[fact], &snapshot);
    }
}

/// The first configuration that a newcomer copies opens exactly as printed, and stores what is large.
#[tokio::test(flavor = "multi_thread")]
async fn the_readmes_configuration_opens() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let text = readme.split("```toml").nth(1).unwrap().split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    // The page makes it with `head -c 32 /dev/urandom`.
    fs::write(folder.path().join("payments.key"), noise(32)).unwrap();
    let path = folder.path().join("cloakroom.toml");
    fs::write(&path, text).unwrap();
    let opened = CloakroomBuilder::file(path).with_cache(compile_cache()).open().await;
    let cloakroom = opened.map_err(|error| chain(&error)).unwrap();
    let sent = vec![plain("small enough to stay"), plain(noise(300_000))];
    let encoded = cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(encoded[0].encoding(), Some("binary/sealed"));
    assert!(is_reference(&encoded[1]));
    assert!(folder.path().join("objects/v0").is_dir());
    assert_eq!(cloakroom.decode(&ctx(), encoded).await.unwrap(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_are_bound_and_migrated_as_the_file_says() {
    let claims = r#"claims = { policy = "write", ring = "payments" }"#;
    let kept = async |more: &str| {
        let text = claims.replace("write", "require").replace(" }", &format!(", {more} }}"));
        let cloakroom = open(&GOOD.replace(claims, &text)).await.unwrap();
        let kept = cloakroom.encode(&ctx(), vec![plain(noise(2000))]).await.unwrap();
        assert!(cloakroom.decode(&ctx(), kept.clone()).await.is_ok());
        (cloakroom, kept)
    };
    let has = |kept: &[Payload], name: &str| {
        kept[0].data.windows(name.len()).any(|part| part == name.as_bytes())
    };
    let (cloakroom, bound) = kept("bind_namespace = true").await;
    assert!(has(&bound, "cloakroom_scope"));
    let error = cloakroom.decode(&Context::namespace("other"), bound).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{}", chain(&error));
    for (until, expect) in [("2999-01-01", true), ("2020-01-01", false)] {
        let (_, kept) = kept(&format!("accept_v1_until = \"{until}\"")).await;
        assert_eq!((has(&kept, "cloakroom_mac"), has(&kept, "cloakroom_scope")), (expect, false));
    }
    let wrong = claims.replace(" }", ", accept_v1_until = \"soon\" }");
    let error = open(&GOOD.replace(claims, &wrong)).await.map(drop).unwrap_err();
    assert_text(
        &chain(&error),
        &["`accept_v1_until`"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 12: `accept_v1_until` is not a day: write a day in quotes: year, month and day, such as "2026-11-01"
        "#]],
    );
}
