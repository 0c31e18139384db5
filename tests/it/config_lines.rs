//! Errors of a configuration name kind, line and key.

use std::{fs, path::Path};

use cloakroom::{Cloakroom, CloakroomBuilder, Error, ErrorKind};
use cloakroom_tests::{KEY, assert_text, chain, compile_cache};
use expect_test::{Expect, expect};

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

/// A part of the valid configuration, its invalid replacement, and of the error: line, kind, facts
/// and text.
struct Case(&'static str, &'static str, usize, ErrorKind, &'static [&'static str], Expect);

const CONFIG: ErrorKind = ErrorKind::Config;
const REJECTED: ErrorKind = ErrorKind::PluginRejected;

const WRONG: [Case; 23] = [
    Case(
        "required = true",
        "requird = true",
        7,
        CONFIG,
        &["`required`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 7: unknown key `requird`; did you mean `required`?
        "#]],
    ),
    Case(
        "required = true",
        "required = \"yes\"",
        7,
        CONFIG,
        &["`required`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 7: `required` is true, false or "encode"
        "#]],
    ),
    Case(
        "\"30s\"",
        "30",
        31,
        CONFIG,
        &["`time`", "time = \"30s\""],
        expect![[r#"
            [folder]/cloakroom.toml, line 31: `time` is a number without a unit; write time = "30s" (the units are ms, s, m, h or d)
        "#]],
    ),
    Case(
        "\"64MiB\"",
        "67108864",
        13,
        CONFIG,
        &["`largest`", "largest = \"64MiB\""],
        expect![[r#"
            [folder]/cloakroom.toml, line 13: `largest` is a number without a unit; write largest = "64MiB" (the units are B, KiB, MiB or GiB)
        "#]],
    ),
    Case(
        "\"256KiB\"",
        "\"256KB\"",
        12,
        CONFIG,
        &["`threshold`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 12: `threshold` is not a size: write a whole number and B, KiB, MiB or GiB, such as 64MiB
        "#]],
    ),
    Case(
        "\"256KiB\"",
        "\"65MiB\"",
        12,
        CONFIG,
        &["65MiB", "64MiB", "`largest`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 12: payloads are stored from 65MiB on (`threshold`), and objects above 64MiB are not read back (`largest`): raise `largest`, or lower `threshold`
        "#]],
    ),
    Case(
        "region",
        "regoin",
        23,
        CONFIG,
        &["`regoin`", "`region`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 23: [buckets.payloads]: unknown setting `regoin` for `s3://payloads`; did you mean `region`?
        "#]],
    ),
    Case(
        "region",
        "prefx",
        23,
        CONFIG,
        &["`prefx`", "`prefix`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 23: [buckets.payloads]: unknown setting `prefx` for `s3://payloads`; did you mean `prefix`?
        "#]],
    ),
    Case(
        "s3://payloads",
        "s3://pay/loads",
        22,
        CONFIG,
        &["[buckets.payloads]", "s3://BUCKET"],
        expect![[r#"
            [folder]/cloakroom.toml, line 22: [buckets.payloads]: `s3://pay/loads`: the URL names no bucket or has a path: write `s3://BUCKET`, and limit the keys by the access that is granted (`buckets.NAME.prefix`)
        "#]],
    ),
    Case(
        "{ file = \"key\" }",
        "{ file = \"hex\" }",
        28,
        CONFIG,
        &["64", "xxd -r -p | base64"],
        expect![[r#"
            [folder]/cloakroom.toml, line 28: [keys.payments.material] `k`: file `[folder]/hex`: the key has 64 hexadecimal digits, but base64 is needed: convert it with `xxd -r -p | base64`
        "#]],
    ),
    Case(
        "current = \"k\"",
        "current = \"l\"",
        26,
        CONFIG,
        &["[keys.payments]", "`l`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 26: [keys.payments]: the current key is `l`, and [keys.payments.material] has no such key
        "#]],
    ),
    Case(
        "grants.keys = [\"payments\"]",
        "",
        5,
        ErrorKind::MissingGrant,
        &["stage `aes-gcm`, key `grants`", "grants.keys"],
        expect![[r#"
            [folder]/cloakroom.toml, line 5, stage `aes-gcm`, key `grants`: plugin `aes-gcm`: imports `cloakroom:plugin/keys@0.1.1`, which was not granted: grant a key ring, or use another plugin (`grants.keys = ["RING"]`)
        "#]],
    ),
    Case(
        "[\"payments\"]",
        "[\"payment\"]",
        9,
        CONFIG,
        &["`payments`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 9: stage 2 (`bundled:aes-gcm`): grants.keys names `payment`, and there is no such key ring; did you mean `payments`?
        "#]],
    ),
    Case(
        "\"bundled:zstd\"",
        "\"file:page.wasm\"",
        3,
        REJECTED,
        &["page.wasm`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 3, stage `page`, key `plugin`: plugin `page` (`[folder]/page.wasm`): is not a WebAssembly component: it is a web page or another text that begins with `<`
        "#]],
    ),
    Case(
        "\"bundled:zstd\"",
        "\"file:cut.wasm\"",
        3,
        REJECTED,
        &["cut.wasm`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 3, stage `cut`, key `plugin`: plugin `cut` (`[folder]/cut.wasm`): is not a whole WebAssembly component: it was truncated or damaged: unexpected end-of-file (at offset [offset])
        "#]],
    ),
    Case(
        "\"bundled:zstd\"",
        "\"file:no.wasm\"",
        3,
        CONFIG,
        &["stage `no`, key `plugin`", "no.wasm`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 3, stage `no`, key `plugin`: plugin `no` (`[folder]/no.wasm`): cannot read the plugin's file: No such file or directory (os error 2)
        "#]],
    ),
    Case(
        "\"bundled:zstd\"",
        "\"file:s3.wasm\"",
        3,
        CONFIG,
        &["s3.wasm`", "[[storage.driver]]"],
        expect![[r#"
            [folder]/cloakroom.toml, line 3, stage `s3`, key `plugin`: plugin `s3` (`[folder]/s3.wasm`): is a storage driver, not a codec: it goes into [[storage.driver]]
        "#]],
    ),
    Case(
        "\"bundled:s3\"",
        "\"file:zstd.wasm\"",
        17,
        CONFIG,
        &["zstd.wasm`", "[[stage]]"],
        expect![[r#"
            [folder]/cloakroom.toml, line 17, driver `objects`, key `plugin`: plugin `zstd` (`[folder]/zstd.wasm`): is a codec, not a storage driver: it goes into [[stage]]
        "#]],
    ),
    Case(
        "plugin = \"bundled:zstd\"",
        "plugin = \"file:zstd.wasm\"\nsettings.levle = 3",
        4,
        CONFIG,
        &["stage `zstd`, key `settings.levle`", "zstd.wasm`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 4, stage `zstd`, key `settings.levle`: plugin `zstd` (`[folder]/zstd.wasm`): unknown setting `levle`: did you mean `level`?
        "#]],
    ),
    Case(
        "\"bundled:zstd\"",
        "\"bundled:aes-gcm\"",
        5,
        CONFIG,
        &["`aes-gcm`", "name = "],
        expect![[r#"
            [folder]/cloakroom.toml, line 5: another [[stage]] is called `aes-gcm` too: give one of them a name of its own with `name = "…"`
        "#]],
    ),
    Case(
        "[[storage.driver]]",
        "[[storage.driver]]\nname = \"objects\"\nplugin = \"file:no.wasm\"\n[[storage.driver]]",
        19,
        CONFIG,
        &["`objects`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 19: another [[storage.driver]] is called `objects` too: each needs a name of its own, because references name it
        "#]],
    ),
    Case(
        "region = ",
        "read_only = true\nregion = ",
        19,
        CONFIG,
        &["`read_only`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 19: storage driver `objects` stores, and may only read from what it is granted (`payloads`): remove `read_only` from [buckets.payloads], or add `write` to its `allow`, or store with another driver
        "#]],
    ),
    Case(
        "region = ",
        "prefix = \"data/\"\nregion = ",
        18,
        CONFIG,
        &["`v0/`", "`data/`"],
        expect![[r#"
            [folder]/cloakroom.toml, line 18: storage driver `objects` writes keys that start with `v0/`, and [buckets.payloads] grants keys that start with `data/`: change `settings.prefix` of the driver, or `prefix` of the bucket
        "#]],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_error_names_its_line_and_key() {
    open(GOOD).await.map(drop).map_err(|error| chain(&error)).unwrap();
    for Case(right, wrong, line, kind, facts, snapshot) in &WRONG {
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
        assert_eq!(error.kind(), *kind, "{wrong}: {text}");
        assert_text(&text, facts, snapshot);
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
    assert_text(
        &chain(&error),
        &["`nowhere`"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 12: another [[stage]] is called `nowhere` too: give one of them a name of its own with `name = "…"`
        "#]],
    );
}
