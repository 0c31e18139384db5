//! The codec in Python, against S3.

use std::fs;

use bytes::Bytes;
use cloakroom::{
    Cloakroom, Context, ErrorKind, Payload,
    storage::{Bucket as _, ObjectBucket, PutMode},
};
use cloakroom_tests::{chain, plain, rigs};
use serde_json::Value;

use super::{Example, OnceLock};
use crate::s3;

fn example() -> &'static Example {
    static EXAMPLE: OnceLock<Example> = OnceLock::new();
    EXAMPLE.get_or_init(|| {
        let python = cloakroom_tests::python();
        Example::check("json-fields-codec", &[("PYTHON", python.to_str().unwrap())], |_| {})
    })
}

/// Opens the example's configuration with a bucket of S3.
async fn open(name: &str) -> (Cloakroom, ObjectBucket) {
    let bucket = s3::moto(name);
    let url = rigs::moto().url();
    let place = format!(
        "url = \"s3://{name}\"\nendpoint = \"{url}\"\nregion = \"us-east-1\"\n\
         access_key_id = \"test\"\nsecret_access_key = {{ file = \"secret\" }}"
    );
    fs::write(example().folder.join("secret"), "test").unwrap();
    let limits = "[limits]\ntime = \"10m\"\nwait = \"20m\"\n[buckets.fields]";
    let changes = [("url = \"file:objects\"", &*place), ("[buckets.fields]", limits)];
    (example().open_own(&changes).await, bucket)
}

fn ctx() -> Context {
    Context::namespace("payments prod")
}

/// Documents with a field to move, and the parts that must leave the payload.
const DOCUMENTS: [(&str, &[&str]); 4] = [
    (r#"{"order": 17, "iban": "DE89-canary"}"#, &["canary"]),
    (
        " {\n\t\"total\" : 1.50E+2, \"customer\":{\"name\" :\"canary\\u00fc\\/\"}, \"order\":0.10 } \r\n",
        &["canary"],
    ),
    (
        r#"[{"iban":{"deep":["canary-1",-0, 1e400]}},{"ib\u0061n":"canary-2","iban":"canary-2"}]"#,
        &["canary"],
    ),
    (r#"{"iban":12345678901234567890.000,"iban":NaN}"#, &["12345678901234567890", "NaN"]),
];

#[test]
fn the_example_passes_its_checks_and_describes_itself() {
    let text = example().cloakroom(&["inspect", "--describe", "plugin.wasm"], "");
    assert!(text.contains("json-fields-codec") && text.contains("JSON pointers"), "{text}");
    let text = example().cloakroom(&["inspect", "plugin.wasm"], "");
    assert!(text.contains("needs grants.buckets") && !text.contains("wasi:"), "{text}");
    // The payload of its README.
    let sent = fs::read_to_string(example().folder.join("payloads.json")).unwrap();
    let is_sent = |text: &str| {
        serde_json::from_str::<Value>(text).unwrap()
            == serde_json::from_str::<Value>(&sent).unwrap()
    };
    let encoded = example().cloakroom(&["encode", "--config", "cloakroom.toml"], &sent);
    assert!(!is_sent(&encoded), "{encoded}");
    let decoded = example().cloakroom(&["decode", "--config", "cloakroom.toml"], &encoded);
    assert!(is_sent(&decoded), "{decoded}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_lie_in_the_bucket_and_every_byte_comes_back() {
    let (cloakroom, bucket) = open("json-fields").await;
    for (document, moved) in DOCUMENTS {
        let sent = vec![plain(document).with_metadata("note", "kept")];
        let encoded =
            cloakroom.encode(&ctx(), sent.clone()).await.map_err(|error| chain(&error)).unwrap();
        assert_eq!(encoded[0].encoding(), Some("json/moved-fields"), "{document}");
        let left = String::from_utf8_lossy(&encoded[0].data);
        assert!(moved.iter().all(|part| !left.contains(part)), "{left}");
        let object = bucket.get(&key(&encoded[0]), u64::MAX).await.unwrap();
        let object: Value = serde_json::from_slice(&object).unwrap();
        let values = object["values"].to_string();
        assert!(moved.iter().all(|part| values.contains(part)), "{values}");
        assert_eq!(cloakroom.decode(&ctx(), encoded.clone()).await.unwrap(), sent);
        // Another salt each time: the digest tells nobody that two values are equal.
        assert_ne!(cloakroom.encode(&ctx(), sent).await.unwrap(), encoded);
    }
    for left in [
        plain(r#"{"order":17,"ibans":"x"}"#),
        plain("no JSON: {\"iban\":1"),
        plain(""),
        Payload::new("binary/plain", r#"{"iban":1}"#),
        Payload { data: r#"{"iban":1}"#.into(), ..Payload::default() },
    ] {
        let sent = vec![left];
        assert_eq!(cloakroom.encode(&ctx(), sent.clone()).await.unwrap(), sent);
    }
    let posing = vec![Payload::new("json/moved-fields", r#"{"iban":1}"#)];
    let encoded = cloakroom.encode(&ctx(), posing.clone()).await.unwrap();
    assert_eq!(cloakroom.decode(&ctx(), encoded).await.unwrap(), posing);
}

/// Returns the key of the object of a payload.
fn key(encoded: &Payload) -> String {
    let digest = String::from_utf8(encoded.metadata["moved-fields-object"].to_vec()).unwrap();
    format!("v0/ns/payments%20prod/d/sha256/{digest}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_fits_its_payload_and_its_namespace_alone() {
    let (cloakroom, bucket) = open("json-fields-forged").await;
    let encode = async |text: &'static str| {
        cloakroom.encode(&ctx(), vec![plain(text)]).await.unwrap().remove(0)
    };
    let refused = async |ctx: &Context, payload: &Payload, kind: ErrorKind| {
        let error = cloakroom.decode(ctx, vec![payload.clone()]).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{}", chain(&error));
        assert!(!chain(&error).contains("canary"), "{}", chain(&error));
    };
    let one = encode(r#"{"iban":"canary-1","a":1}"#).await;
    let other = encode(r#"{"iban":"canary-2","b":1}"#).await;
    refused(&Context::namespace("other"), &one, ErrorKind::NotFound).await;
    let mut swapped = one.clone();
    swapped.data = other.data.clone();
    refused(&ctx(), &swapped, ErrorKind::Malformed).await;
    for digest in ["", "../x", &"AB".repeat(32)] {
        let forged = one.clone().with_metadata("moved-fields-object", digest.to_owned());
        refused(&ctx(), &forged, ErrorKind::Malformed).await;
    }
    for length in 0..one.data.len() {
        let cut = Payload { data: one.data.slice(..length), ..one.clone() };
        refused(&ctx(), &cut, ErrorKind::Malformed).await;
    }
    let object = vec![Bytes::from_static(b"{\"format\":\"json-fields/1\"}")];
    bucket.put(&key(&one), object, PutMode::Overwrite).await.unwrap();
    refused(&ctx(), &one, ErrorKind::Malformed).await;
    bucket.remove(&key(&one)).await.unwrap();
    refused(&ctx(), &one, ErrorKind::NotFound).await;
}

/// At its limits it refuses, and what it takes comes back.
#[tokio::test(flavor = "multi_thread")]
async fn large_documents_come_back_or_are_refused() {
    let (cloakroom, _bucket) = open("json-fields-large").await;
    let refused = async |document: String| {
        let error = cloakroom.encode(&ctx(), vec![plain(document)]).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::LimitExceeded(_)), "{}", chain(&error));
    };
    let most = format!("[{}1]", "{\"iban\":1},".repeat(50_000));
    let long = format!("{{\"iban\":\"{}\"}}", "\\\"".repeat((1 << 20) - 20));
    for document in [most, long] {
        let sent = vec![plain(document)];
        let encoded =
            cloakroom.encode(&ctx(), sent.clone()).await.map_err(|error| chain(&error)).unwrap();
        assert_eq!(cloakroom.decode(&ctx(), encoded).await.unwrap(), sent);
    }
    refused(format!("[{}1]", "{\"iban\":1},".repeat(50_001))).await;
    refused("[".repeat(1001)).await;
    refused(format!("\"{}\"", "x".repeat(2 << 20))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_work_are_refused_with_their_line() {
    let own = fs::read_to_string(example().folder.join("cloakroom.toml")).unwrap();
    for (part, replacement, says) in [
        ("fields = [\"iban\"", "fields = [\"a/b\"", "JSON pointer"),
        (", fields = [\"iban\", \"/customer/name\"]", "", "`fields`"),
        ("bucket = \"fields\", fields", "bucket = \"fields\", field", "`field`"),
    ] {
        assert!(own.contains(part), "{part}");
        let error = example().open(&own.replace(part, replacement)).await.map(drop).unwrap_err();
        assert!(chain(&error).contains(says), "{}", chain(&error));
        assert!(chain(&error).contains("line "), "{}", chain(&error));
    }
}
