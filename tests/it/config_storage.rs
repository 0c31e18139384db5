//! Storage as a configuration describes it, and every way in which it can be wrong.

use std::{fs, sync::Arc};

use bytes::Bytes;
use cloakroom::{
    ByteSize, Cloakroom, CloakroomBuilder, Codec, Context, Driver, Error, ErrorKind, Payload,
    codec::{Description, Encoded, Purpose},
    storage::{Bucket as _, Claim, Object, ObjectBucket},
};
use cloakroom_tests::{KEY, chain, compile_cache, ctx, noise, plain, ring};
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
    CloakroomBuilder::file(path).cache(compile_cache()).open().await
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

/// What is written instead of what, and what must be said.
const WRONG: [(&str, &str, &[&str]); 22] = [
    ("threshold", "treshold", &["line 9", "did you mean `threshold`?"]),
    ("store_with = \"aws.s3driver\"", "", &["several drivers", "store_with = \"aws.s3driver\""]),
    ("store_with = \"aws.s3driver\"", "store_with = \"aws.s3drive\"", &["mean `aws.s3driver`?"]),
    ("store_with = \"inline\"", "store_with = \"online\"", &["no such driver"]),
    ("required = true", "", &["must be sealed", "mark the one that encrypts"]),
    ("policy = \"write\"", "policy = \"wirte\"", &["line 12", "expected one of"]),
    ("\"write\", ring = \"payments\"", "\"write\"", &["`storage.claims` needs the `ring`"]),
    ("\"write\", ring = \"payments\"", "\"write\", ring = \"pay\"", &["no such key ring"]),
    (
        "namespace = \"audit\"",
        "workflow_type = \"a\"\nactivity_type = \"b\"",
        &["no payload has both"],
    ),
    ("name = \"redis\"", "name = \"aws.s3driver\"", &["a name of its own"]),
    ("name = \"redis\"", "name = \"inline\"", &["cannot be called `inline`"]),
    ("\"bundled:s3\"", "\"bundled:s4\"", &["driver `aws.s3driver`", "did you mean `s3`?"]),
    ("\"bundled:s3\"", "\"bundled:zstd\"", &["plugin `zstd`", "it goes into [[stage]]"]),
    (
        "\"bundled:aes-gcm\"",
        "\"file:s3.wasm\"",
        &["plugin `s3`", "it goes into [[storage.driver]]"],
    ),
    ("{ bucket = \"payloads\" }", "{}", &["plugin `s3`", "setting `bucket` is needed"]),
    ("{ bucket = \"payloads\" }", "{ bucket = \"x\" }", &["`x`, which is not granted"]),
    ("{ bucket = \"payloads\" }", "{ bucket = \"payloads\", prefix = \"/a\" }", &["`prefix`"]),
    ("grants.buckets = [\"payloads\"]", "", &["cloakroom:plugin/blobs", "grants.buckets"]),
    (
        "grants.buckets = [\"payloads\"]",
        "grants.buckets = [\"payload\"]",
        &["did you mean `payloads`?"],
    ),
    ("grants.tcp = [\"127.0.0.1:6379\"]", "", &["wasi:sockets", "grants.tcp"]),
    ("address = \"127.0.0.1:6379\"", "address = \"redis:6379\"", &["such as 127.0.0.1:6379"]),
    ("\"memory:payloads\"", "\"s3://a/b\"", &["[buckets.payloads]", "s3://BUCKET"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_one_is_refused_before_anything_runs() {
    for (right, wrong, says) in WRONG {
        assert!(GOOD.contains(right), "{right}");
        let error = open(&GOOD.replacen(right, wrong, 1)).await.map(drop).expect_err(wrong);
        let text = chain(&error);
        assert!(
            matches!(error.kind(), ErrorKind::Config | ErrorKind::MissingGrant),
            "{wrong}: {text}"
        );
        for says in says {
            assert!(text.contains(says), "{wrong}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_a_store_are_named_and_never_shown() {
    let told = |secret: &str| {
        let bucket = format!("\"s3://b\"\nregion = \"eu-west-1\"\nallow_http = {secret}");
        GOOD.replace("\"memory:payloads\"", &bucket)
    };
    assert!(open(&told("false")).await.is_ok());
    for (secret, expect) in [
        ("{ env = \"CLOAKROOM_NO_SUCH\" }", "no variable `CLOAKROOM_NO_SUCH`"),
        ("{ file = \"nowhere\" }", "cannot read"),
        ("{ file = \"key\" }", "do not fit"),
        ("{ file = \"key\", env = \"PATH\" }", "one of `env` and `file`"),
    ] {
        let text = chain(&open(&told(secret)).await.map(drop).unwrap_err());
        assert!(text.contains(expect) && text.contains("buckets.payloads"), "{text}");
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
    let opening = || CloakroomBuilder::text(text).cache(compile_cache());
    let whole = opening().codec("mine", own()).driver("mine", own());
    let whole = whole.bucket("brought", bucket.clone()).keys("payments", ring());
    let cloakroom = whole.open().await.map_err(|error| chain(&error)).unwrap();
    let sent = vec![plain(noise(2000))];
    let kept = cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
    assert!(is_reference(&kept[0]));
    let stored = Payload::from_envelope(bucket.get("own", 9999).await.unwrap()).unwrap();
    assert_eq!(stored.encoding(), Some("binary/sealed"));
    assert_eq!(cloakroom.decode(&ctx(), kept).await.unwrap(), sent);

    let own_parts = [
        (opening().driver("mine", own()).bucket("brought", bucket.clone()), "no codec `mine`"),
        (opening().codec("mine", own()).bucket("brought", bucket.clone()), "no driver `mine`"),
        (opening().codec("mine", own()).driver("mine", own()), "no bucket `brought`"),
    ];
    for (opening, expect) in own_parts {
        let error = opening.keys("payments", ring()).open().await.map(drop).unwrap_err();
        assert!(chain(&error).contains(expect), "{}", chain(&error));
    }
}

/// What a newcomer copies works as it stands.
#[tokio::test(flavor = "multi_thread")]
async fn the_readmes_configuration_opens() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let text = readme.split("```toml").nth(1).unwrap().split("```").next().unwrap();
    let text = text.replace("{ env = \"PAYMENTS_KEY_2026_11\" }", "{ file = \"key\" }");
    let cloakroom = open(&text).await.map_err(|error| chain(&error)).unwrap();
    let sent = vec![plain("small enough to stay")];
    let kept = cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(cloakroom.decode(&ctx(), kept).await.unwrap(), sent);
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
    assert!(chain(&error).contains("a day in quotes"), "{}", chain(&error));
}
