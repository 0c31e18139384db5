//! The formats, against other people's implementations, both ways.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom::{
    Context, Payload, Pipeline, Stage,
    plugin::{Limits, Reuse, Settings},
};
use cloakroom_tests::{KEY, bundled, ctx, host, noise, plain, text};
use serde_json::{Value, json};

use crate::scripts::{self, from_json, to_json};

const FORMATS: [(&str, &str, Option<&str>); 7] = [
    ("zstd", "zstd", None),
    ("zlib", "zlib", None),
    ("gzip", "gzip", None),
    ("snappy", "snappy", None),
    ("temporal", "aes-gcm", Some("temporal")),
    ("sealed", "aes-gcm", Some("sealed")),
    ("chacha20-poly1305", "chacha20-poly1305", None),
];

async fn pipeline(plugin: &str, format: Option<&str>) -> Pipeline {
    let mut settings = Settings::none();
    if let Some(format) = format {
        settings = settings.with_setting("format", format);
    }
    let codec = bundled(&host(Limits::default()), plugin, settings, Reuse::Fresh).await;
    cloakroom_tests::pipeline().with_stage(Stage::new(plugin, codec)).build().unwrap()
}

fn payloads() -> Vec<Payload> {
    vec![
        plain(text(1000)),
        plain(text(300_000)),
        plain("\"hi\"").with_metadata("messageType", "a.B"),
        Payload::new("binary/plain", noise(70_000)).with_metadata("", ""),
        Payload { external_sizes: vec![0, 30, -1], ..plain(text(5000)) },
    ]
}

/// Those that it would leave alone are no test of a compressor.
fn shrinking() -> Vec<Payload> {
    payloads()
        .into_iter()
        .filter(|payload| payload.data.len() > 500 && payload.encoding() == Some("json/plain"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn python_reads_what_cloakroom_writes() {
    for (format, plugin, setting) in FORMATS {
        let sent = if plugin == format && plugin != "chacha20-poly1305" {
            shrinking()
        } else {
            payloads()
        };
        let encoded = pipeline(plugin, setting).await.encode(&ctx(), sent.clone()).await.unwrap();
        for payload in &encoded {
            assert!(payload.encoding().unwrap().starts_with("binary/"), "{format} left one alone");
        }
        assert!(python("decode", format, &encoded) == sent, "{format}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cloakroom_reads_what_python_writes() {
    for (format, plugin, setting) in FORMATS {
        let sent = payloads();
        let encoded = python("encode", format, &sent);
        let decoded = pipeline(plugin, setting).await.decode(&ctx(), encoded).await.unwrap();
        assert!(decoded == sent, "{format}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn either_format_of_aes_gcm_reads_the_others_from_python() {
    for (format, other) in [("temporal", "sealed"), ("sealed", "temporal")] {
        let encoded = python("encode", format, &payloads());
        let decoded = pipeline("aes-gcm", Some(other)).await.decode(&ctx(), encoded).await.unwrap();
        assert!(decoded == payloads(), "{format} by {other}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn golden_payloads_open() {
    let golden: Value = serde_json::from_str(include_str!("../golden/sealed.json")).unwrap();
    assert_eq!(golden["key"], STANDARD.encode(KEY));
    for vector in golden["vectors"].as_array().unwrap() {
        let sealed = from_json(&vector["sealed"]);
        let plugin = if sealed.encoding() == Some("binary/sealed") {
            "aes-gcm"
        } else {
            "chacha20-poly1305"
        };
        let decoded =
            pipeline(plugin, None).await.decode(&Context::none(), vec![sealed]).await.unwrap();
        assert_eq!(decoded, [from_json(&vector["payload"])], "{}", vector["name"]);
    }
}

/// Every entry that the format writes is authenticated, or its loss is noticed.
#[tokio::test(flavor = "multi_thread")]
async fn sealed_metadata_cannot_be_changed() {
    let pipeline = pipeline("aes-gcm", None).await;
    let sealed = pipeline.encode(&ctx(), vec![plain("x")]).await.unwrap().remove(0);
    for name in ["sealed-format", "sealed-key", "sealed-namespace"] {
        let changed = sealed.clone().with_metadata(name, "2");
        assert!(pipeline.decode(&Context::none(), vec![changed]).await.is_err(), "{name} changed");
        let mut lost = sealed.clone();
        lost.metadata.remove(name).unwrap();
        assert!(pipeline.decode(&Context::none(), vec![lost]).await.is_err(), "{name} lost");
    }
    let elsewhere = Context::namespace("elsewhere");
    assert!(
        pipeline.decode(&elsewhere, vec![sealed.clone()]).await.is_err(),
        "in another namespace"
    );
    assert_eq!(pipeline.decode(&Context::none(), vec![sealed]).await.unwrap(), [plain("x")]);
}

fn python(op: &str, codec: &str, payloads: &[Payload]) -> Vec<Payload> {
    let payloads: Vec<_> = payloads.iter().map(to_json).collect();
    let request =
        json!({ "op": op, "codec": codec, "key": STANDARD.encode(KEY), "payloads": payloads });
    let answer = scripts::python("formats.py", &request);
    answer["payloads"].as_array().unwrap().iter().map(from_json).collect()
}
