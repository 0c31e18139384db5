//! The codec of `examples/remote-codec` before DataDog's real Large Payload Service.
//! `gateway/sdks/remote.rs` has it beside their codec.

use std::{fs, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom::{
    CloakroomBuilder, Context, Error, ErrorKind, Payload, Pipeline, Stage,
    inspect::World,
    plugin::{Grants, HttpService, Limits, Reuse, Service as _, ServiceRequest, Settings, Source},
};
use cloakroom_tests::{LARGE_PAYLOADS, assert_text, chain, compile_cache, host, noise, rigs};
use expect_test::expect;
use serde_json::{Value, json};

use crate::cli::{check, run};

const MARK: &str = "temporal.io/remote-codec";

async fn codec(url: &str, settings: &[(&str, &str)]) -> Pipeline {
    let service = Arc::new(HttpService::builder(url).build().unwrap());
    let grants = Grants::none().with_service("lps", service);
    let source = Source::bytes("remote", LARGE_PAYLOADS);
    let plugin = host(Limits::default()).load(source, grants).await.unwrap();
    assert_eq!(plugin.inspection().world, Some(World::HttpCodec));
    let settings = settings
        .iter()
        .fold(Settings::none().with_setting("service", "lps"), |settings, (name, value)| {
            settings.with_setting(name, value)
        });
    let codec = plugin.codec(settings, Reuse::Fresh).await.unwrap();
    cloakroom_tests::pipeline().with_stage(Stage::new("remote", codec)).build().unwrap()
}

async fn real(settings: &[(&str, &str)]) -> Pipeline {
    codec(&rigs::large_payloads().url(), settings).await
}

fn ctx() -> Context {
    Context::namespace("shop & more/ü")
}

fn reference(payload: &Payload) -> Value {
    serde_json::from_slice(&payload.data).unwrap()
}

/// A reference whose fields are replaced.
fn forged(payload: &Payload, fields: &[(&str, Value)]) -> Vec<Payload> {
    let mut json = reference(payload);
    for (name, value) in fields {
        json[*name] = value.clone();
    }
    vec![Payload { data: json.to_string().into(), ..payload.clone() }]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_payload_moves_into_the_service_and_comes_back() {
    let pipeline = real(&[]).await;
    let large = Payload::new("json/plain", noise(3 << 20)).with_metadata("odd", &b"\xff\0"[..]);
    let bare = Payload { data: noise(200_000), ..Payload::default() };
    for sent in [large, bare] {
        let sent = vec![sent];
        let encoded = pipeline.encode(&ctx(), sent.clone()).await;
        let encoded = encoded.map_err(|error| chain(&error)).unwrap();
        assert!(encoded[0].encoded_len() < 700, "{}", encoded[0].encoded_len());
        assert_eq!(
            (encoded[0].encoding(), &*encoded[0].metadata[MARK]),
            (Some("json/plain"), &b"v2"[..])
        );
        let key = reference(&encoded[0])["key"].as_str().unwrap().to_owned();
        assert!(key.starts_with("/blobs/shop & more/ü/common/sha256:"), "{key}");
        assert_eq!(pipeline.decode(&ctx(), encoded.clone()).await.unwrap(), sent);
        // Callers repeat what failed half-way: the body is there, and the reference is the same.
        assert_eq!(pipeline.encode(&ctx(), sent.clone()).await.unwrap(), encoded);
    }
    // What is small stays, and so does a payload whose metadata no request can carry.
    let small = Payload::new("json/plain", noise(100_000));
    let wordy = Payload::new("json/plain", noise(200_000)).with_metadata("x", noise(20_000));
    for sent in [small, wordy] {
        assert_eq!(pipeline.encode(&ctx(), vec![sent.clone()]).await.unwrap(), [sent]);
    }
    // A payload that looks like a reference is stored whatever its size, also where nothing else is.
    for settings in [&[][..], &[("decode_only", "true")]] {
        let pipeline = real(settings).await;
        let sent = vec![Payload::new("json/plain", "{}").with_metadata(MARK, "v2")];
        let encoded = pipeline.encode(&ctx(), sent.clone()).await.unwrap();
        assert_ne!(encoded, sent);
        assert_eq!(pipeline.decode(&ctx(), encoded).await.unwrap(), sent);
    }
}

/// Old references name their digest alone, and are in the first version's part of the service.
#[tokio::test(flavor = "multi_thread")]
async fn references_of_version_1_are_read() {
    let (service, body) = (rigs::large_payloads().url(), noise(1000));
    let digest = format!("sha256:{}", hex::encode(digest(&SHA256, &body)));
    let service = HttpService::builder(&service).build().unwrap();
    let put = ServiceRequest::new("PUT", &format!("v1/blobs/put?digest={digest}")).unwrap();
    let binary = ("content-type".to_owned(), "application/octet-stream".to_owned());
    let put = put.with_headers(vec![binary]).unwrap().with_body(vec![body.clone()]);
    assert_eq!(service.request(put).await.unwrap().status, 201);
    let metadata = json!({ "encoding": STANDARD.encode("binary/plain") });
    let json = json!({ "metadata": metadata, "size": 1000, "digest": digest, "key": "any" });
    let old = Payload::new("json/plain", json.to_string()).with_metadata(MARK, "v1");
    let read = real(&[]).await.decode(&Context::none(), vec![old]).await.unwrap();
    assert_eq!(read, [Payload::new("binary/plain", body)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_of_a_stranger_gives_an_error_and_no_data() {
    let pipeline = real(&[]).await;
    let sent = vec![Payload::new("json/plain", noise(200_000))];
    let encoded = pipeline.encode(&ctx(), sent).await.unwrap().remove(0);
    let other = format!("sha256:{}", "0".repeat(64));
    for (fields, kind) in [
        (&[("key", json!("/blobs/none"))][..], ErrorKind::NotFound),
        (&[("key", json!(""))], ErrorKind::Malformed),
        (&[("digest", json!(other))], ErrorKind::Malformed),
        (&[("digest", json!("md5:1"))], ErrorKind::Malformed),
        // The service announces the size that the reference says, and breaks off if it has another.
        (&[("size", json!(199_999))], ErrorKind::Unavailable),
        (&[("size", json!(200_001))], ErrorKind::Unavailable),
        (&[("metadata", json!([]))], ErrorKind::Malformed),
    ] {
        let error = pipeline.decode(&ctx(), forged(&encoded, fields)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{fields:?}: {}", chain(&error));
    }
    for (name, value) in [(MARK, "v3"), ("encoding", "binary/plain")] {
        let forged = encoded.clone().with_metadata(name, value);
        let error = pipeline.decode(&ctx(), vec![forged]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{}", chain(&error));
    }
    let error = pipeline.encode(&Context::none(), vec![Payload::new("a", noise(200_000))]).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{}", chain(&error));
}

/// No payload was lost that the service refused: it is an error that callers repeat.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_down_stores_nothing_and_is_not_asked_while_loading() {
    let url = format!("http://127.0.0.1:{}", rigs::free_port());
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("remote.wasm"), LARGE_PAYLOADS).unwrap();
    let path = folder.path().join("cloakroom.toml");
    fs::write(&path, config(&url)).unwrap();
    let opened = CloakroomBuilder::file(&path).with_cache(compile_cache()).open().await;
    let cloakroom = opened.map_err(|error| chain(&error)).unwrap();
    let sent = vec![Payload::new("json/plain", noise(200_000))];
    let error = cloakroom.encode(&ctx(), sent).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(chain(&error).contains("service `lps`"), "{}", chain(&error));
}

/// A store that may hold no plaintext gets none through a service either.
#[tokio::test(flavor = "multi_thread")]
async fn plaintext_does_not_reach_a_service_where_storage_is_sealed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("remote.wasm"), LARGE_PAYLOADS).unwrap();
    let path = folder.path().join("cloakroom.toml");
    fs::create_dir(folder.path().join("objects")).unwrap();
    let sealed = "[[stage]]\nplugin = \"bundled:aes-gcm\"\nrequired = true\nsettings.ring = \"k\"\n\
                  grants.keys = [\"k\"]\n[keys.k]\ncurrent = \"1\"\n\
                  material = { 1 = { file = \"key\" } }\n[storage]\nsealed = true\n\
                  [[storage.driver]]\nname = \"d\"\nplugin = \"bundled:file\"\n\
                  settings.bucket = \"b\"\ngrants.buckets = [\"b\"]\n[buckets.b]\nurl = \"file:objects\"\n";
    fs::write(folder.path().join("key"), cloakroom_tests::KEY).unwrap();
    fs::write(&path, config("http://127.0.0.1:9") + sealed).unwrap();
    let opened = CloakroomBuilder::file(&path).with_cache(compile_cache()).open().await;
    let error: Error = opened.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_text(
        &chain(&error),
        &["`remote`", "`storage.sealed`"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 4: stage `remote` may write into services before a required stage has encrypted, and `storage.sealed` allows no plaintext in a store: put it behind that stage
        "#]],
    );
}

fn config(url: &str) -> String {
    format!(
        "[[stage]]\nplugin = \"file:remote.wasm\"\nsettings.service = \"lps\"\n\
         grants.services = [\"lps\"]\n[services.lps]\nurl = \"{url}/\"\n"
    )
}

/// The suite, against the real service.
#[test]
fn it_keeps_every_rule_of_codecs() {
    let folder = tempfile::tempdir().unwrap();
    let (plugin, path) = (folder.path().join("remote.wasm"), folder.path().join("cloakroom.toml"));
    fs::write(&plugin, LARGE_PAYLOADS).unwrap();
    fs::write(&path, config(&rigs::large_payloads().url())).unwrap();
    let (plugin, path) = (plugin.to_str().unwrap(), path.to_str().unwrap());
    let args = ["plugin", "check", plugin, "--config", path, "--set", "min_bytes=0", "--json"];
    let out = check(&run(&[&args[..], &["--largest", "8MiB"]].concat(), ""), 0, &[]);
    let findings: Value = serde_json::from_str(&out).unwrap();
    let rules = findings["rules"].as_array().unwrap();
    let passed = rules.iter().filter(|rule| rule["verdict"] == "passed").count();
    assert_eq!(passed, 13, "{out}");
}
