//! Every way a configuration can be wrong, and what is said then.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom::{CloakroomBuilder, Context, ErrorKind, Payload};
use cloakroom_tests::{KEY, REVERSE, ROGUE, chain, compile_cache};

const GOOD: &str = r#"
[[stage]]
plugin = "bundled:zstd"
settings = { level = 3 }

[[stage]]
plugin = "bundled:aes-gcm"
required = true
reuse = "warm"
settings = { ring = "payments" }
grants.keys = ["payments"]

[keys.payments]
current = "2026-11"
[keys.payments.material]
"2026-11" = { file = "key" }

[limits]
memory = "32MiB"
time = "30s"
payload = "1MiB"
"#;

fn write(folder: &Path, text: &str) -> std::path::PathBuf {
    fs::write(folder.join("key"), KEY).unwrap();
    fs::write(folder.join("key.base64"), format!("{}\n", STANDARD.encode(KEY))).unwrap();
    fs::write(folder.join("short"), STANDARD.encode(b"short-secret")).unwrap();
    fs::write(folder.join("rogue.wasm"), ROGUE).unwrap();
    let path = folder.join("cloakroom.toml");
    fs::write(&path, text).unwrap();
    path
}

async fn open(text: &str) -> Result<cloakroom::Cloakroom, cloakroom::Error> {
    let folder = tempfile::tempdir().unwrap();
    CloakroomBuilder::file(write(folder.path(), text)).cache(compile_cache()).open().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_one_opens_and_works() {
    let cloakroom = open(GOOD).await.map_err(|error| chain(&error)).unwrap();
    let ctx = Context::namespace("n");
    let sent = vec![Payload::new("json/plain", vec![b'x'; 10_000])];
    let sealed = cloakroom.encode(&ctx, sent.clone()).await.unwrap();
    assert_eq!(sealed[0].metadata["sealed-key"], "2026-11");
    assert_eq!(cloakroom.decode(&ctx, sealed).await.unwrap(), sent);
    let large = vec![Payload::new("json/plain", vec![b'x'; 2 << 20])];
    assert!(cloakroom.encode(&ctx, large).await.is_err(), "limits.payload does not hold");
}

#[tokio::test(flavor = "multi_thread")]
async fn retired_keys_open_and_the_current_one_seals() {
    let sent = vec![Payload::new("json/plain", "x")];
    let old = open(&GOOD.replace("2026-11", "2026-05")).await.unwrap();
    let sealed = old.encode(&Context::none(), sent.clone()).await.unwrap();
    let both = GOOD.replace(
        r#""2026-11" = { file = "key" }"#,
        "\"2026-11\" = { file = \"key.base64\" }\n\"2026-05\" = { file = \"key\" }",
    );
    let new = open(&both).await.unwrap();
    assert_eq!(new.decode(&Context::none(), sealed.clone()).await.unwrap(), sent);
    let again = new.encode(&Context::none(), sent).await.unwrap();
    assert_eq!(again[0].metadata["sealed-key"], "2026-11");
    let error = open(GOOD).await.unwrap().decode(&Context::none(), sealed).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownKey, "{}", chain(&error));
    let says = "stage `aes-gcm`, decoding payload 0: the payload is sealed under key `2026-05`, \
                which is not in key ring `payments`: add it to [keys.payments.material], or restore it";
    assert_eq!(chain(&error), says);
}

/// What is written instead of what, and what must be said.
const WRONG: [(&str, &str, &[&str]); 27] = [
    (
        "[keys.payments.material]",
        "created = { \"2026-10\" = \"2026-10-01\" }\n[keys.payments.material]",
        &["[keys.payments.created] has `2026-10`", "did you mean `2026-11`?"],
    ),
    (
        "[keys.payments.material]",
        "created = { \"2026-11\" = \"2026-11\" }\n[keys.payments.material]",
        &["line 15", "not a day", "such as \"2026-11-01\""],
    ),
    (
        "[keys.payments.material]",
        "created = { \"2026-11\" = 2026-11-01 }\n[keys.payments.material]",
        &["line 15", "a day in quotes", "such as \"2026-11-01\""],
    ),
    (
        "required = true",
        "requird = true",
        &["line 8", "unknown key `requird`", "did you mean `required`?"],
    ),
    ("[limits]", "[limit]", &["unknown key `limit`", "did you mean `limits`?"]),
    ("grants.keys", "grants.kes", &["unknown key `kes`", "`keys`"]),
    ("\"bundled:zstd\"", "\"bundled:zsdt\"", &["stage 1", "did you mean `zstd`?"]),
    ("\"bundled:zstd\"", "\"zstd\"", &["bundled:NAME", "file:PATH"]),
    (
        "\"bundled:zstd\"",
        "\"file:nowhere.wasm\"",
        &["plugin `nowhere`", "cannot read", "nowhere.wasm"],
    ),
    ("\"bundled:zstd\"", "\"file:key\"", &["plugin `key`", "not a WebAssembly component"]),
    ("\"bundled:zstd\"", "\"file:rogue.wasm\"", &["plugin `rogue`", "grants.keys"]),
    ("level = 3", "level = 77", &["plugin `zstd`", "`level` must be a number from"]),
    ("level = 3", "levle = 3", &["plugin `zstd`", "unknown setting `levle`"]),
    ("level = 3", "level = 3.5", &["line 4", "whole number"]),
    (
        "plugin = \"bundled:zstd\"",
        "plugin = \"bundled:zstd\"\ndigest = \"sha256:00\"",
        &["64 hexadecimal digits"],
    ),
    (
        "plugin = \"bundled:zstd\"",
        "plugin = \"bundled:zstd\"\nrequired = true",
        &["`zstd` is required and does not encrypt"],
    ),
    (
        "keys = [\"payments\"]",
        "keys = [\"payment\"]",
        &["stage 2", "`payment`", "did you mean `payments`?"],
    ),
    (
        "grants.keys = [\"payments\"]",
        "",
        &["plugin `aes-gcm`", "cloakroom:plugin/keys", "grants.keys"],
    ),
    (
        "ring = \"payments\"",
        "ring = \"orders\"",
        &["stage `aes-gcm`", "key ring `orders` was not granted"],
    ),
    ("current = \"2026-11\"", "current = \"2026-12\"", &["[keys.payments]", "2026-12"]),
    (
        "{ file = \"key\" }",
        "{ file = \"nowhere\" }",
        &["[keys.payments.material] `2026-11`", "cannot read", "nowhere"],
    ),
    (
        "{ file = \"key\" }",
        "{ file = \"short\" }",
        &["32 bytes, and this one is 12", "openssl rand"],
    ),
    (
        "{ file = \"key\" }",
        "{ env = \"CLOAKROOM_NO_SUCH_KEY\" }",
        &["no variable `CLOAKROOM_NO_SUCH_KEY`", "base64"],
    ),
    ("{ file = \"key\" }", "{ env = \"PATH\" }", &["variable `PATH`", "key is"]),
    ("{ file = \"key\" }", "{ env = \"PATH\", file = \"key\" }", &["one of `env` and `file`"]),
    ("{ file = \"key\" }", "\"c2hvcnQtc2VjcmV0\"", &["never written into this file"]),
    ("\"30s\"", "\"30\"", &["such as 5s"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_one_is_refused_before_anything_runs() {
    for (right, wrong, says) in WRONG {
        assert!(GOOD.contains(right), "{right}");
        let error = open(&GOOD.replacen(right, wrong, 1)).await.map(drop).expect_err(wrong);
        let text = chain(&error);
        for says in says {
            assert!(text.contains(says), "{wrong}: {text}");
        }
        assert!(
            !text.contains("c2hvcnQtc2VjcmV0") && !text.contains("/usr/bin"),
            "{wrong}: {text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_in_the_wrong_order_are_refused() {
    let stages: Vec<_> = GOOD.split("[[stage]]").collect();
    let (keys_at, _) = stages[2].match_indices("[keys.payments]\n").next().unwrap();
    let (aes, rest) = stages[2].split_at(keys_at);
    let swapped = format!("[[stage]]{aes}[[stage]]{}{rest}", stages[1]);
    let error = open(&swapped).await.map(drop).unwrap_err();
    assert!(chain(&error).contains("put `zstd` first"), "{}", chain(&error));
}

#[tokio::test]
async fn an_empty_or_missing_one_says_what_to_write() {
    let error = open("").await.map(drop).unwrap_err();
    assert!(chain(&error).contains("[[stage]]"), "{}", chain(&error));
    let error =
        CloakroomBuilder::file("/nowhere/cloakroom.toml").open().await.map(drop).unwrap_err();
    assert!(chain(&error).contains("/nowhere/cloakroom.toml"), "{}", chain(&error));
    let error = open("[[stage]\n").await.map(drop).unwrap_err();
    assert!(chain(&error).contains("line 1"), "{}", chain(&error));
}

/// The reference shows every key, and opens.
#[tokio::test(flavor = "multi_thread")]
async fn the_reference_is_a_configuration() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/docs/configuration.md");
    let docs = fs::read_to_string(docs).unwrap();
    let reference = docs.split("```").nth(1).unwrap().strip_prefix("toml").unwrap();
    let wasm = cloakroom_bundle::find("aes-gcm").unwrap().wasm;
    let digest = cloakroom::plugin::Digest::of(wasm).to_string();
    let text = reference.replace("sha256:…", &digest);
    let text = text.replace("{ env = \"PAYMENTS_KEY_2026_11\" }", "{ file = \"key\" }");
    let folder = tempfile::tempdir().unwrap();
    for name in ["plugins", "secrets"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("plugins/aes-gcm.wasm"), wasm).unwrap();
    fs::write(folder.path().join("secrets/2026-05"), KEY).unwrap();
    fs::write(folder.path().join("secrets/s3"), "not used here").unwrap();
    let opened = CloakroomBuilder::file(write(folder.path(), &text)).open().await;
    let cloakroom = opened.map_err(|error| chain(&error)).unwrap();
    assert_eq!(cloakroom.pipeline().stages()[1].name(), "sealing");
    assert_eq!(cloakroom.host().limits(), &cloakroom::plugin::Limits::default());
    assert!(fs::read_dir(folder.path().join("compiled")).unwrap().count() > 0);

    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/src/config");
    let files = ["claims.rs", "plugin.rs", "schema.rs", "secret.rs", "server.rs", "storage.rs"]
        .map(|name| fs::read_to_string(schema.join(name)).unwrap());
    let mut keys = 0;
    for line in files.iter().flat_map(|text| text.lines()) {
        let line = line.strip_prefix("    ").unwrap_or_default();
        let field = line.strip_prefix("pub(crate) ").unwrap_or(line).split_once(": ");
        let Some((key, _)) = field.filter(|(key, _)| {
            key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
                && !line.ends_with(['{', ';'])
                && !line.contains('&')
        }) else {
            continue;
        };
        keys += 1;
        // What is told to a store has any name.
        assert!(
            reference.contains(key) || key == "settings",
            "the reference does not show `{key}`"
        );
    }
    assert!(40 < keys, "found {keys}");
}

/// The example's own configuration, with its plugin where the tests built it.
#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_a_third_partys_plugin_works() {
    let example =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/reverse-codec/cloakroom.toml");
    let text = fs::read_to_string(example).unwrap();
    let built = "../../target/wasm32-wasip2/release/reverse_codec.wasm";
    assert!(text.contains(built));
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), &text.replace(built, "reverse_codec.wasm"));
    fs::write(folder.path().join("reverse_codec.wasm"), REVERSE).unwrap();
    let cloakroom = CloakroomBuilder::file(path).cache(compile_cache()).open().await.unwrap();
    let sent = vec![Payload::new("json/plain", vec![b'x'; 200_000]), Payload::default()];
    let encoded = cloakroom.encode(&Context::none(), sent.clone()).await.unwrap();
    assert_eq!(encoded[0].encoding(), Some("binary/reversed"));
    assert_eq!(encoded[1], sent[1], "`least` does not hold");
    let envelope: Vec<u8> = encoded[0].data.iter().rev().copied().collect();
    assert_eq!(envelope, sent[0].envelope().to_bytes());
    assert_eq!(cloakroom.decode(&Context::none(), encoded).await.unwrap(), sent);
}
