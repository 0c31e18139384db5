//! Every way a configuration can be wrong, and what is said then.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom::{CloakroomBuilder, Context, ErrorKind, Payload};
use cloakroom_tests::{
    KEY, REVERSE, ROGUE, assert_text, chain, compile_cache,
    rigs::{Certificates, OpenBao},
};
use expect_test::{Expect, expect};

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
    CloakroomBuilder::file(write(folder.path(), text)).with_cache(compile_cache()).open().await
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
    let facts = ["stage `aes-gcm`", "payload 0", "`2026-05`", "`payments`"];
    assert_text(
        &chain(&error),
        &facts,
        &expect![[r#"
            stage `aes-gcm`, decoding payload 0: the payload is sealed under key `2026-05`, which is not in key ring `payments`: add it to the ring, or restore it (`keys.NAME.material`)
        "#]],
    );
}

/// A part of the valid configuration, its invalid replacement, facts in the error, and the error.
const WRONG: [(&str, &str, &[&str], Expect); 27] = [
    (
        "[keys.payments.material]",
        "created = { \"2026-10\" = \"2026-10-01\" }\n[keys.payments.material]",
        &["`2026-10`", "[keys.payments.created]", "`2026-11`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 15: [keys.payments.created] has `2026-10`, and [keys.payments.material] has no such key; did you mean `2026-11`?
        "#]],
    ),
    (
        "[keys.payments.material]",
        "created = { \"2026-11\" = \"2026-11\" }\n[keys.payments.material]",
        &["line 15", "2026", "11", "01"],
        expect![[r#"
            [folder]/cloakroom.toml, line 15: not a day: write a day in quotes: year, month and day, such as "2026-11-01"
        "#]],
    ),
    (
        "[keys.payments.material]",
        "created = { \"2026-11\" = 2026-11-01 }\n[keys.payments.material]",
        &["line 15", "2026", "11", "01"],
        expect![[r#"
            [folder]/cloakroom.toml, line 15: invalid type: map, expected a day in quotes: year, month and day, such as "2026-11-01"
        "#]],
    ),
    (
        "required = true",
        "requird = true",
        &["line 8", "`requird`", "`required`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 8: unknown key `requird`; did you mean `required`?
        "#]],
    ),
    (
        "[limits]",
        "[limit]",
        &["`limit`", "`limits`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 18: unknown key `limit`; did you mean `limits`?
        "#]],
    ),
    (
        "grants.keys",
        "grants.kes",
        &["`kes`", "`keys`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 11: unknown key `kes`; did you mean `keys`?
        "#]],
    ),
    (
        "\"bundled:zstd\"",
        "\"bundled:zsdt\"",
        &["stage 1", "`zstd`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 3: stage 1 (`bundled:zsdt`): no bundled plugin is called `zsdt`; did you mean `zstd`?
        "#]],
    ),
    (
        "\"bundled:zstd\"",
        "\"zstd\"",
        &["bundled:NAME", "file:PATH"],
        expect![[r#"
            [folder]/cloakroom.toml, line 3: stage 1 (`zstd`): write `bundled:NAME` for a plugin that comes with Cloakroom, `file:PATH`, or `oci://HOST/REPOSITORY@sha256:…`
        "#]],
    ),
    (
        "\"bundled:zstd\"",
        "\"file:nowhere.wasm\"",
        &["plugin `nowhere`", "nowhere.wasm"],
        expect![[r#"
            [folder]/cloakroom.toml, line 3, stage `nowhere`, key `plugin`: plugin `nowhere` (`[folder]/nowhere.wasm`): cannot read the plugin's file: No such file or directory (os error 2)
        "#]],
    ),
    (
        "\"bundled:zstd\"",
        "\"file:key\"",
        &["plugin `key`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 3, stage `key`, key `plugin`: plugin `key` (`[folder]/key`): is not a WebAssembly component: it begins with other bytes than `\0asm`
        "#]],
    ),
    (
        "\"bundled:zstd\"",
        "\"file:rogue.wasm\"",
        &["plugin `rogue`", "grants.keys"],
        expect![[r#"
            [folder]/cloakroom.toml, line 2, stage `rogue`, key `grants`: plugin `rogue` (`[folder]/rogue.wasm`): imports `cloakroom:plugin/keys@0.1.1`, which was not granted: grant a key ring, or use another plugin (`grants.keys = ["RING"]`)
        "#]],
    ),
    (
        "level = 3",
        "level = 77",
        &["plugin `zstd`", "`level`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 4, stage `zstd`, key `settings.level`: plugin `zstd`: setting `level` must be a number from 1 to 12
        "#]],
    ),
    (
        "level = 3",
        "levle = 3",
        &["plugin `zstd`", "`levle`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 4, stage `zstd`, key `settings.levle`: plugin `zstd`: unknown setting `levle`: did you mean `level`?
        "#]],
    ),
    (
        "level = 3",
        "level = 3.5",
        &["line 4"],
        expect![[r#"
            [folder]/cloakroom.toml, line 4: invalid type: floating point `3.5`, expected a text, a whole number, true or false, or a list of texts
        "#]],
    ),
    (
        "plugin = \"bundled:zstd\"",
        "plugin = \"bundled:zstd\"\ndigest = \"sha256:00\"",
        &["64"],
        expect![[r#"
            [folder]/cloakroom.toml, line 4, stage `zstd`, key `digest`: a digest is `sha256:` and 64 hexadecimal digits
        "#]],
    ),
    (
        "plugin = \"bundled:zstd\"",
        "plugin = \"bundled:zstd\"\nrequired = true",
        &["`zstd`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 4: stage `zstd` is required and does not encrypt: `required` is for stages that do
        "#]],
    ),
    (
        "keys = [\"payments\"]",
        "keys = [\"payment\"]",
        &["stage 2", "`payment`", "`payments`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 11: stage 2 (`bundled:aes-gcm`): grants.keys names `payment`, and there is no such key ring; did you mean `payments`?
        "#]],
    ),
    (
        "grants.keys = [\"payments\"]",
        "",
        &["plugin `aes-gcm`", "cloakroom:plugin/keys", "grants.keys"],
        expect![[r#"
            [folder]/cloakroom.toml, line 6, stage `aes-gcm`, key `grants`: plugin `aes-gcm`: imports `cloakroom:plugin/keys@0.1.1`, which was not granted: grant a key ring, or use another plugin (`grants.keys = ["RING"]`)
        "#]],
    ),
    (
        "ring = \"payments\"",
        "ring = \"orders\"",
        &["stage `aes-gcm`", "`orders`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 10, stage `aes-gcm`, key `settings.ring`: plugin `aes-gcm`: setting `ring` names `orders`, which is not in `grants.keys`: granted: `payments`; name one of these, or grant it
        "#]],
    ),
    (
        "current = \"2026-11\"",
        "current = \"2026-12\"",
        &["[keys.payments]", "2026", "12"],
        expect![[r#"
            [folder]/cloakroom.toml, line 14: [keys.payments]: the current key is `2026-12`, and [keys.payments.material] has no such key
        "#]],
    ),
    (
        "{ file = \"key\" }",
        "{ file = \"nowhere\" }",
        &["[keys.payments.material] `2026-11`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 16: [keys.payments.material] `2026-11`: cannot read `[folder]/nowhere`: correct the path: No such file or directory (os error 2)
        "#]],
    ),
    (
        "{ file = \"key\" }",
        "{ file = \"short\" }",
        &["32", "12", "openssl rand"],
        expect![[r#"
            [folder]/cloakroom.toml, line 16: [keys.payments.material] `2026-11`: file `[folder]/short`: the key has 12 bytes, but 32 are needed: write the output of `openssl rand -base64 32`
        "#]],
    ),
    (
        "{ file = \"key\" }",
        "{ env = \"CLOAKROOM_NO_SUCH_KEY\" }",
        &["`CLOAKROOM_NO_SUCH_KEY`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 16: [keys.payments.material] `2026-11`: the environment has no variable `CLOAKROOM_NO_SUCH_KEY`; set it to 32 bytes in base64
        "#]],
    ),
    (
        "{ file = \"key\" }",
        "{ env = \"PATH\" }",
        &["`PATH`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 16: [keys.payments.material] `2026-11`: variable `PATH`: the key is not base64: write the output of `openssl rand -base64 32`
        "#]],
    ),
    (
        "{ file = \"key\" }",
        "{ env = \"PATH\", file = \"key\" }",
        &["`env`", "`file`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 16: [keys.payments.material] `2026-11`: give one of `env` and `file`
        "#]],
    ),
    (
        "{ file = \"key\" }",
        "\"c2hvcnQtc2VjcmV0\"",
        &[],
        expect![[r#"
            [folder]/cloakroom.toml, line 16: invalid type: string …, expected a table such as { env = "NAME" } or { file = "PATH" }: keys are never written into this file
        "#]],
    ),
    (
        "\"30s\"",
        "\"30\"",
        &["5s"],
        expect![[r#"
            [folder]/cloakroom.toml, line 20: `time` is not a time: write a whole number above 0 and ms, s, m, h or d, such as 5s
        "#]],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_one_is_refused_before_anything_runs() {
    for (right, wrong, facts, snapshot) in &WRONG {
        assert!(GOOD.contains(right), "{right}");
        let error = open(&GOOD.replacen(right, wrong, 1)).await.map(drop).expect_err(wrong);
        let text = chain(&error);
        assert_text(&text, facts, snapshot);
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
    assert_text(
        &chain(&error),
        &["`zstd`"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 9: stage `zstd` compresses what stage `aes-gcm` has encrypted, and sealed bytes do not get smaller: put `zstd` first
        "#]],
    );
}

#[tokio::test]
async fn an_empty_or_missing_one_says_what_to_write() {
    let error = open("").await.map(drop).unwrap_err();
    assert_text(
        &chain(&error),
        &["[[stage]]"],
        &expect![[r#"
            [folder]/cloakroom.toml: there is no [[stage]]: add one, such as `[[stage]]` with `plugin = "bundled:zstd"`
        "#]],
    );
    let error =
        CloakroomBuilder::file("/nowhere/cloakroom.toml").open().await.map(drop).unwrap_err();
    assert_text(
        &chain(&error),
        &["/nowhere/cloakroom.toml"],
        &expect![[r#"
            cannot read `/nowhere/cloakroom.toml`: correct the path: No such file or directory (os error 2)
        "#]],
    );
    let error = open("[[stage]\n").await.map(drop).unwrap_err();
    assert_text(
        &chain(&error),
        &["line 1"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 1: unclosed array table, expected `]`
        "#]],
    );
}

/// The reference shows every key, and opens.
#[tokio::test(flavor = "multi_thread")]
async fn the_reference_is_a_configuration() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/docs/configuration.md");
    let docs = fs::read_to_string(docs).unwrap();
    let reference = docs.split("```").nth(1).unwrap().strip_prefix("toml").unwrap();
    let wasm = cloakroom_bundle::find("aes-gcm").unwrap().wasm;
    let digest = cloakroom::plugin::Digest::sha256(wasm).to_string();
    let mut text = reference.replace("sha256:…", &digest);
    text = text.replace("{ env = \"STORE_TOKEN\",", "{ file = \"secrets/token\",");
    for variable in ["PAYMENTS_KEY_2026_11", "REGISTRY_PASSWORD", "SHOP_KEY_2026_11"] {
        text = text.replace(&format!("{{ env = \"{variable}\" }}"), "{ file = \"key\" }");
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["plugins", "secrets"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("plugins/aes-gcm.wasm"), wasm).unwrap();
    fs::write(folder.path().join("secrets/2026-05"), KEY).unwrap();
    for name in ["db", "s3", "token"] {
        fs::write(folder.path().join("secrets").join(name), "not used here").unwrap();
    }
    let authority = Certificates::default();
    let client = authority.server(&["client"]);
    for (name, text) in [
        ("registry-ca.pem", authority.authority()),
        ("store-ca.pem", authority.authority()),
        ("store-client.pem", client.certificate),
        ("store-client.key", client.key),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    // The secret of a ring is wrapped by its key service, which a real server is.
    let bao = OpenBao::start();
    bao.tell("POST", "transit/keys/shop", serde_json::json!({}));
    fs::write(folder.path().join("secrets/vault"), bao.token("shop")).unwrap();
    let access = format!("address = \"{}\"\ntoken = {{ file = \"secrets/vault\" }}", bao.url());
    text = text.replace("# token = { file = \"secrets/vault\" }", &access);
    let builder = CloakroomBuilder::file(write(folder.path(), &text));
    let secret = builder.make_ring_secret("shop").await.map_err(|error| chain(&error)).unwrap();
    fs::write(folder.path().join("secrets/shop"), secret).unwrap();
    let cloakroom = builder.open().await.map_err(|error| chain(&error)).unwrap();
    assert_eq!(cloakroom.pipeline().stages()[1].name(), "sealing");
    assert_eq!(cloakroom.host().limits(), &cloakroom::plugin::Limits::default());
    assert!(fs::read_dir(folder.path().join("compiled")).unwrap().count() > 0);

    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/src/config");
    let files = ["claims.rs", "plugin.rs", "schema.rs", "secret.rs", "storage.rs", "temporal.rs"]
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
        // The field `settings` of a bucket is flattened: its store defines the keys.
        assert!(
            reference.contains(key) || key == "settings",
            "the reference does not show `{key}`"
        );
    }
    assert!(keys > 40, "found {keys}");
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
    let cloakroom = CloakroomBuilder::file(path).with_cache(compile_cache()).open().await.unwrap();
    let sent = vec![Payload::new("json/plain", vec![b'x'; 200_000]), Payload::default()];
    let encoded = cloakroom.encode(&Context::none(), sent.clone()).await.unwrap();
    assert_eq!(encoded[0].encoding(), Some("binary/reversed"));
    assert_eq!(encoded[1], sent[1], "`least` does not hold");
    let envelope: Vec<u8> = encoded[0].data.iter().rev().copied().collect();
    assert_eq!(envelope, sent[0].envelope().to_bytes());
    assert_eq!(cloakroom.decode(&Context::none(), encoded).await.unwrap(), sent);
}
