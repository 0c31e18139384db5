//! Errors of a configuration name kind, line and key.

use std::{fs, path::Path};

use cloakroom::{Cloakroom, CloakroomBuilder, Error, ErrorKind};
use cloakroom_tests::{KEY, chain, compile_cache};

const GOOD: &str = r#"
[[stage]]
plugin = "bundled:zstd"

[[stage]]
plugin = "bundled:aes-gcm"
required = true
settings = { ring = "payments" }
grants.keys = ["payments"]

[storage]
threshold = "256KiB"
largest = "64MiB"

[[storage.driver]]
name = "objects"
plugin = "bundled:s3"
settings = { bucket = "payloads" }
grants.buckets = ["payloads"]

[buckets.payloads]
url = "s3://payloads"
region = "eu-west-1"

[keys.payments]
current = "k"
[keys.payments.material]
"k" = { file = "key" }

[limits]
time = "30s"
"#;

async fn open(text: &str) -> Result<Cloakroom, Error> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("key", &KEY);
    write("hex", format!("{}\n", hex::encode(KEY)).as_bytes());
    write("page.wasm", b"<html>not found</html>");
    write("cut.wasm", b"\0asm\x0d\0");
    write("s3.wasm", cloakroom_bundle::find("s3").unwrap().wasm);
    write("zstd.wasm", cloakroom_bundle::find("zstd").unwrap().wasm);
    write("cloakroom.toml", text.as_bytes());
    CloakroomBuilder::file(folder.path().join("cloakroom.toml"))
        .with_cache(compile_cache())
        .open()
        .await
}

/// What is written instead of what, and what must be said: line, kind, and words of the message.
struct Case(&'static str, &'static str, usize, ErrorKind, &'static [&'static str]);

const CONFIG: ErrorKind = ErrorKind::Config;
const REJECTED: ErrorKind = ErrorKind::PluginRejected;

const WRONG: [Case; 23] = [
    Case("required = true", "requird = true", 7, CONFIG, &["did you mean `required`?"]),
    Case("required = true", "required = \"yes\"", 7, CONFIG, &["`required` is true, false or"]),
    Case("\"30s\"", "30", 31, CONFIG, &["`time` is", "without a unit", "time = \"30s\""]),
    Case("\"64MiB\"", "67108864", 13, CONFIG, &["`largest` is", "largest = \"64MiB\""]),
    Case("\"256KiB\"", "\"256KB\"", 12, CONFIG, &["`threshold` is not a size"]),
    Case("\"256KiB\"", "\"65MiB\"", 12, CONFIG, &["from 65MiB on", "above 64MiB", "`largest`"]),
    Case("region", "regoin", 23, CONFIG, &["unknown setting `regoin`", "did you mean `region`?"]),
    Case("region", "prefx", 23, CONFIG, &["unknown setting `prefx`", "did you mean `prefix`?"]),
    Case("s3://payloads", "s3://pay/loads", 22, CONFIG, &["[buckets.payloads]", "s3://BUCKET"]),
    Case("{ file = \"key\" }", "{ file = \"hex\" }", 28, CONFIG, &["64 hex", "xxd -r -p | base64"]),
    Case("current = \"k\"", "current = \"l\"", 26, CONFIG, &["[keys.payments]", "`l`"]),
    Case(
        "grants.keys = [\"payments\"]",
        "",
        5,
        ErrorKind::MissingGrant,
        &["stage `aes-gcm`, key `grants`", "grants.keys"],
    ),
    Case("[\"payments\"]", "[\"payment\"]", 9, CONFIG, &["did you mean `payments`?"]),
    Case("\"bundled:zstd\"", "\"file:page.wasm\"", 3, REJECTED, &["page.wasm`", "a web page"]),
    Case("\"bundled:zstd\"", "\"file:cut.wasm\"", 3, REJECTED, &["cut.wasm`", "truncated"]),
    Case(
        "\"bundled:zstd\"",
        "\"file:no.wasm\"",
        3,
        CONFIG,
        &["stage `no`, key `plugin`", "no.wasm`", "cannot read"],
    ),
    Case("\"bundled:zstd\"", "\"file:s3.wasm\"", 3, CONFIG, &["s3.wasm`", "[[storage.driver]]"]),
    Case(
        "\"bundled:s3\"",
        "\"file:zstd.wasm\"",
        17,
        CONFIG,
        &["zstd.wasm`", "goes into [[stage]]"],
    ),
    Case(
        "plugin = \"bundled:zstd\"",
        "plugin = \"file:zstd.wasm\"\nsettings.levle = 3",
        4,
        CONFIG,
        &["stage `zstd`, key `settings`", "zstd.wasm`", "unknown setting `levle`"],
    ),
    Case(
        "\"bundled:zstd\"",
        "\"bundled:aes-gcm\"",
        5,
        CONFIG,
        &["called `aes-gcm` too", "name = "],
    ),
    Case(
        "[[storage.driver]]",
        "[[storage.driver]]\nname = \"objects\"\nplugin = \"file:no.wasm\"\n[[storage.driver]]",
        19,
        CONFIG,
        &["called `objects` too", "a name of its own"],
    ),
    Case("region = ", "read_only = true\nregion = ", 19, CONFIG, &["may only read", "`read_only`"]),
    Case("region = ", "prefix = \"data/\"\nregion = ", 18, CONFIG, &["`v0/`", "`data/`"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_error_names_its_line_and_key() {
    open(GOOD).await.map(drop).map_err(|error| chain(&error)).unwrap();
    for Case(right, wrong, line, kind, says) in WRONG {
        assert!(GOOD.contains(right), "{right}");
        let error = open(&GOOD.replacen(right, wrong, 1)).await.map(drop).expect_err(wrong);
        let text = chain(&error);
        let place = error.place().unwrap_or_else(|| panic!("{wrong}: no place: {text}"));
        assert!(
            Path::new(place.split(',').next().unwrap()).ends_with("cloakroom.toml")
                && format!("{place},").contains(&format!(", line {line},")),
            "{wrong}: {text}"
        );
        assert!(text.starts_with(place), "{wrong}: {text}");
        assert_eq!(error.kind(), kind, "{wrong}: {text}");
        for says in says {
            assert!(text.contains(says), "{wrong}: no `{says}` in {text}");
        }
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!text.contains("0x0") && !text.contains("[0"), "a Debug print: {text}");
    }
}

/// A mistake further down that costs a compilation must not hide one that costs nothing.
#[tokio::test]
async fn duplicate_names_are_refused_before_anything_is_loaded() {
    let twice = GOOD.replace("bundled:zstd", "file:nowhere.wasm").replace(
        "[storage]",
        "[[stage]]\nname = \"nowhere\"\nplugin = \"file:elsewhere.wasm\"\n[storage]",
    );
    let error = open(&twice).await.map(drop).unwrap_err();
    assert!(chain(&error).contains("called `nowhere` too"), "{}", chain(&error));
}
