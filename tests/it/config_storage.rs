//! Storage as a configuration describes it.

mod native;
mod refused;

use std::fs;

use cloakroom::{Cloakroom, CloakroomBuilder, Context, Error, ErrorKind, Payload};
use cloakroom_tests::{KEY, assert_text, chain, compile_cache, ctx, noise, plain};
use expect_test::expect;

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
