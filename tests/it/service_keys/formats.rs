//! Version 2 of `binary/sealed`: golden payloads, and a second implementation.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom::{Context, Payload};
use cloakroom_tests::{KEY, ctx, plain, text};
use serde_json::{Value, json};

use super::{Kek, file, open};
use crate::scripts::{self, from_json, to_json};

fn payloads() -> Vec<Payload> {
    vec![
        plain("\"hi\"").with_metadata("messageType", "a.B"),
        plain(text(70_000)),
        Payload::new("binary/plain", vec![0; 100]).with_metadata("", ""),
    ]
}

fn python(op: &str, payloads: &[Payload]) -> Vec<Payload> {
    let payloads: Vec<_> = payloads.iter().map(to_json).collect();
    let key = STANDARD.encode(KEY);
    let request = json!({ "op": op, "codec": "sealed-2", "key": key, "payloads": payloads });
    let answer = scripts::python("formats.py", &request);
    answer["payloads"].as_array().unwrap().iter().map(from_json).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn python_and_cloakroom_read_what_the_other_writes() {
    let cloakroom = open(&file("", ""), &Kek::new()).await.unwrap();
    for ctx in [ctx(), Context::none()] {
        let sealed = cloakroom.encode(&ctx, payloads()).await.unwrap();
        assert_eq!(python("decode", &sealed), payloads());
    }
    let sealed = python("encode", &payloads());
    let opened = cloakroom.decode(&Context::namespace("payments prod"), sealed).await.unwrap();
    assert_eq!(opened, payloads());
}

#[tokio::test(flavor = "multi_thread")]
async fn golden_payloads_of_version_2_open() {
    let golden: Value = serde_json::from_str(include_str!("../../golden/sealed_2.json")).unwrap();
    assert_eq!(golden["service-key"], STANDARD.encode(KEY));
    let cloakroom = open(&file("", ""), &Kek::new()).await.unwrap();
    for vector in golden["vectors"].as_array().unwrap() {
        let sealed = from_json(&vector["sealed"]);
        let namespace = sealed.metadata.get("sealed-namespace");
        let ctx = namespace.map_or_else(Context::none, |name| {
            Context::namespace(String::from_utf8(name.to_vec()).unwrap())
        });
        let opened = cloakroom.decode(&ctx, vec![sealed]).await;
        assert_eq!(opened.unwrap(), [from_json(&vector["payload"])], "{}", vector["name"]);
    }
    assert_eq!(golden["vectors"].as_array().unwrap().len(), 3);
}
