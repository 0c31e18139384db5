//! The command line, as a person or a script meets it.

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom_tests::{KEY, ROGUE, assert_text, without_slot};
use expect_test::{Expect, expect};
use serde_json::{Value, json};

/// The command line.
pub(crate) fn binary() -> &'static Path {
    built("cloakroom")
}

/// Returns a program that tests run.
pub(crate) fn built(name: &str) -> &'static Path {
    let path = build().programs.iter().find(|path| path.file_stem().unwrap() == name);
    path.unwrap_or_else(|| panic!("no program `{name}` was built"))
}

/// What tests built.
pub(crate) struct Build {
    programs: Vec<PathBuf>,
    /// Ids of the packages that were compiled, because they were not built before the tests.
    pub(crate) compiled: Vec<String>,
}

/// Builds all programs once: a test run alone would else meet old ones. With the whole workspace and its
/// tests, so that what they depend on has the features that it was built with.
pub(crate) fn build() -> &'static Build {
    static BUILD: OnceLock<Build> = OnceLock::new();
    BUILD.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        // Cargo tells a test its package in these. Build scripts that look at the same names would run
        // again, and what depends on them would be built again.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            let is_package = text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_");
            if is_package || text == "OUT_DIR" {
                build.env_remove(&name);
            }
        }
        let built = build
            .args(["build", "--quiet", "--workspace", "--bins", "--tests", "--examples"])
            .arg("--message-format=json")
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let messages = String::from_utf8(built.stdout).unwrap();
        let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut build = Build { programs: Vec::new(), compiled: Vec::new() };
        for message in messages {
            build.programs.extend(message["executable"].as_str().map(PathBuf::from));
            if message["fresh"] == false {
                build.compiled.push(message["package_id"].as_str().unwrap().to_owned());
            }
        }
        build
    })
}

pub(crate) fn run(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(binary())
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

#[track_caller]
pub(crate) fn check(output: &Output, status: i32, says: &[&str]) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "{out}{err}");
    for says in says {
        assert!(out.contains(says) || err.contains(says), "no `{says}` in: {out}{err}");
    }
    out.into_owned()
}

/// Checks the status and the error on standard error. The log before the error is ignored, because
/// it depends on the machine.
#[track_caller]
pub(crate) fn refused(output: &Output, status: i32, facts: &[&str], snapshot: &Expect) {
    check(output, status, &[]);
    let text = String::from_utf8_lossy(&output.stderr);
    let error = text.find("error: ").map(|start| &text[start..]);
    assert_text(&without_slot(error.expect("an error")), facts, snapshot);
}

fn config() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key"), STANDARD.encode(KEY)).unwrap();
    fs::write(folder.path().join("rogue.wasm"), ROGUE).unwrap();
    let text = r#"
        [[stage]]
        plugin = "bundled:zlib"
        [[stage]]
        plugin = "bundled:aes-gcm"
        required = true
        settings = { ring = "payments" }
        grants.keys = ["payments"]
        [keys.payments]
        current = "2026-11"
        material = { "2026-11" = { file = "key" } }
    "#;
    fs::write(folder.path().join("cloakroom.toml"), text).unwrap();
    folder
}

fn payloads(data: &str) -> String {
    json!({ "payloads": [
        { "metadata": { "encoding": STANDARD.encode("json/plain") }, "data": STANDARD.encode(data) },
        { "data": STANDARD.encode(data), "externalPayloads": [{ "sizeBytes": "30" }] },
    ]})
    .to_string()
}

#[test]
fn the_demo_shows_a_payload_there_and_back() {
    let output = run(&["demo"], "");
    let out = check(
        &output,
        0,
        &["binary/zstd", "binary/sealed", "json/protobuf", "byte for byte", "v0/ns/demo/wt/Scan"],
    );
    assert!(!out.contains("this key is public"));
    // A newcomer's first command warns of nothing.
    assert!(!String::from_utf8_lossy(&output.stderr).contains("WARN"));
}

#[test]
fn what_is_encoded_decodes_to_the_same_json() {
    let folder = config();
    let config = folder.path().join("cloakroom.toml");
    let config = config.to_str().unwrap();
    let sent = payloads(&"text ".repeat(1000));
    let ctx = [
        "--config",
        config,
        "--namespace",
        "payments",
        "--workflow-id",
        "w",
        "--workflow-type",
        "t",
        "--run-id",
        "r",
    ];
    let encoded = check(&run(&[&["encode"][..], &ctx].concat(), &sent), 0, &[]);
    assert!(encoded.contains(&STANDARD.encode("binary/sealed")) && encoded.ends_with('\n'));
    let decoded = check(&run(&[&["decode"][..], &ctx].concat(), &encoded), 0, &[]);
    let (decoded, sent): (Value, Value) =
        (serde_json::from_str(&decoded).unwrap(), serde_json::from_str(&sent).unwrap());
    assert_eq!(decoded, sent);
    let elsewhere = ["decode", "--config", config, "--namespace", "other"];
    let facts = ["error: stage `aes-gcm`, decoding payload"];
    refused(
        &run(&elsewhere, &encoded),
        1,
        &facts,
        &expect![[r#"
            error: stage `aes-gcm`, decoding payload N: the plugin rejected the payload as malformed: changed, cut short, or encoded under another key or for another namespace; its own words are not shown, since they could hold payload bytes: grant it the log to see them (`grants.log = true`)
        "#]],
    );
}

#[test]
fn go_spelling_is_read_too() {
    let folder = config();
    let config = folder.path().join("cloakroom.toml");
    let sent = r#"{"payloads":[{"data":"eA==","external_payloads":[{"size_bytes":30}]}]}"#;
    let args = |op| [op, "--config", config.to_str().unwrap()];
    let encoded = check(&run(&args("encode"), sent), 0, &[]);
    check(&run(&args("decode"), &encoded), 0, &[r#""externalPayloads":[{"sizeBytes":"30"}]"#]);
}

#[test]
fn failures_tell_usage_from_operation() {
    let folder = config();
    let path = folder.path().join("cloakroom.toml");
    let config = path.to_str().unwrap();
    check(&run(&["encode"], ""), 2, &["--config"]);
    let nowhere = run(&["encode", "--config", "/nowhere"], "");
    refused(
        &nowhere,
        2,
        &["error: ", "`/nowhere`", "because: "],
        &expect![[r#"
        error: cannot read `/nowhere`: correct the path
          because: No such file or directory (os error 2)
    "#]],
    );
    let cut = run(&["encode", "--config", config], "{");
    refused(
        &cut,
        1,
        &["line 1"],
        &expect![[r#"
            error: cannot read standard input
              because: not Payloads JSON (line 1, column 1): expected {"payloads":[{"metadata":{…},"data":"…"}]}
        "#]],
    );
    let bad = run(&["encode", "--config", config], r#"{"payloads":[{"data":"%canary%"}]}"#);
    refused(
        &bad,
        1,
        &["payload 0"],
        &expect![[r#"
            error: cannot read standard input
              because: payload 0 has a value that is not base64
        "#]],
    );
    for op in ["encode", "decode", "explain"] {
        let ask = |input| run(&[op, "--config", config], input);
        refused(
            &ask("{}"),
            1,
            &["`payloads`"],
            &expect![[r#"
                error: cannot read standard input
                  because: not Payloads JSON, because it has no `payloads`: expected {"payloads":[{"metadata":{…},"data":"…"}]}
            "#]],
        );
        refused(
            &ask("{\"foo\":1}"),
            1,
            &["`payloads`"],
            &expect![[r#"
                error: cannot read standard input
                  because: not Payloads JSON, because it has no `payloads`: expected {"payloads":[{"metadata":{…},"data":"…"}]}
            "#]],
        );
        let facts = ["`cloakroom explain --history FILE`"];
        refused(
            &ask("{\"events\":[]}"),
            1,
            &facts,
            &expect![[r#"
                error: cannot read standard input
                  because: this is an exported history (`events`), not Payloads JSON: use `cloakroom explain --history FILE`
            "#]],
        );
        check(&ask("{\"payloads\":[]}"), 0, &[]);
    }
    let unsealed = run(&["decode", "--config", config], &payloads("clear"));
    refused(
        &unsealed,
        1,
        &["stage `aes-gcm`"],
        &expect![[r#"
            error: stage `aes-gcm`, decoding payload N: the payload arrived unsealed, and this stage is required: if it was written before this stage was there, let such payloads pass (`required = "encode"`)
        "#]],
    );
    fs::write(&path, "[[stage]]\nplugin = \"file:rogue.wasm\"\n").unwrap();
    let facts = ["cloakroom.toml, line 1, stage `rogue`", "grants.keys"];
    refused(
        &run(&["encode", "--config", config], "{}"),
        2,
        &facts,
        &expect![[r#"
            error: [folder]/cloakroom.toml, line 1, stage `rogue`, key `grants`: plugin `rogue` (`[folder]/rogue.wasm`): imports `cloakroom:plugin/keys@0.1.1`, which was not granted: grant a key ring, or use another plugin (`grants.keys = ["RING"]`)
        "#]],
    );
    refused(
        &run(&["inspect", "/nowhere"], ""),
        2,
        &["/nowhere"],
        &expect![[r#"
        error: plugin `nowhere` (`/nowhere`): cannot read the plugin's file
          because: No such file or directory (os error 2)
    "#]],
    );
}

#[test]
fn inspect_shows_what_a_plugin_may() {
    let says = [
        "cipher",
        "0.1.1",
        "binary/sealed",
        "cloakroom:plugin/keys@0.1.1",
        "needs grants.keys",
        "sha256:",
    ];
    check(&run(&["inspect", "bundled:aes-gcm", "--describe", "--set", "ring=x"], ""), 0, &says);
    let out = check(&run(&["inspect", "bundled:zstd", "--json", "--describe"], ""), 0, &[]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["world"], "compressor");
    assert_eq!(json["codec"]["encodings"], json!(["binary/zstd"]));
    assert_eq!(
        json["imports"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|import| !import["grant"].is_null())
            .count(),
        0
    );
    let folder = config();
    let rogue = folder.path().join("rogue.wasm");
    check(
        &run(&["inspect", rogue.to_str().unwrap(), "--describe"], ""),
        0,
        &["binary/rogue", "needs grants.subkeys"],
    );
}

#[test]
fn inspect_shows_what_a_driver_may() {
    let asked = ["inspect", "bundled:s3", "--describe", "--set", "bucket=b"];
    let says = ["storage", "aws.s3driver", "cloakroom:plugin/blobs@0.1.1", "needs grants.buckets"];
    check(&run(&asked, ""), 0, &says);
    check(
        &run(&["inspect", "bundled:s3", "--describe"], ""),
        0,
        &["setting `bucket` is needed", "--set"],
    );
    let redis =
        ["inspect", "bundled:redis", "--json", "--describe", "--set", "address=127.0.0.1:1"];
    let out = check(&run(&redis, ""), 0, &["\"tcp\""]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["driver"]["kind"], "redis");
}

/// Adds a store of everything to the configuration.
fn with_storage() -> tempfile::TempDir {
    let folder = config();
    let path = folder.path().join("cloakroom.toml");
    let text = fs::read_to_string(&path).unwrap()
        + r#"
        [storage]
        threshold = "1KiB"
        claims = { policy = "require", ring = "payments" }
        [[storage.driver]]
        name = "local"
        plugin = "bundled:file"
        settings = { bucket = "objects" }
        grants.buckets = ["objects"]
        [buckets.objects]
        url = "file:objects"
    "#;
    fs::write(path, text).unwrap();
    folder
}

#[test]
fn what_is_large_is_stored_and_explained() {
    let folder = with_storage();
    let config = folder.path().join("cloakroom.toml");
    let args = |op: &str| [op, "--config", config.to_str().unwrap()].map(str::to_owned);
    let ask = |args: &[String], input: &str| {
        run(&args.iter().map(String::as_str).collect::<Vec<_>>(), input)
    };
    // A text that zlib makes little smaller.
    let noise: String = cloakroom_tests::noise(3000).iter().map(|b| format!("{b:02x}")).collect();
    let sent = payloads(&format!("canary {noise}"));
    let encoded = check(&ask(&args("encode"), &sent), 0, &[]);
    assert!(encoded.contains(&STANDARD.encode("json/protobuf")), "{encoded}");
    let decoded = check(&ask(&args("decode"), &encoded), 0, &[]);
    assert_eq!(
        serde_json::from_str::<Value>(&decoded).unwrap(),
        serde_json::from_str::<Value>(&sent).unwrap()
    );

    let says = [
        "payload 1",
        "by driver `local` (kind local.filedriver, configured)",
        "key = v0/d/sha256/",
        "this pipeline's keys signed the claim",
        "the object exists, with that size and the claim's SHA-256",
        "key 2026-11",
        "binary/zlib",
        "json/plain",
    ];
    let out = check(&ask(&args("explain"), &encoded), 0, &says);
    assert!(!out.contains("canary"), "{out}");
    let json = [&args("explain")[..], &["--json".to_owned()]].concat();
    let json: Value = serde_json::from_str(&check(&ask(&json, &encoded), 0, &[])).unwrap();
    let first = &json["payloads"][0];
    assert_eq!(first["stored"]["verified"], true);
    assert_eq!(first["stored"]["proven"], true);
    let layers = first["layers"].as_array().unwrap().iter();
    let layers: Vec<_> = layers.map(|layer| layer["encoding"].as_str().unwrap()).collect();
    assert_eq!(layers, ["json/protobuf", "binary/sealed", "binary/zlib", "json/plain"]);

    fs::remove_dir_all(folder.path().join("objects")).unwrap();
    let says = ["this pipeline's keys", "was not verified", "trouble:"];
    check(&ask(&args("explain"), &encoded), 1, &says);
    refused(
        &ask(&args("decode"), &encoded),
        1,
        &["storage local"],
        &expect![[r#"
            error: stage `storage local`, decoding payload N, plugin `file`: bucket `[folder]/objects`, key `v0/d/sha256/[digest]`: no such object: it expired, was deleted, or is in another bucket
        "#]],
    );
}

#[test]
fn a_key_that_is_not_in_the_ring_is_named() {
    let folder = config();
    let path = folder.path().join("cloakroom.toml");
    let args = |op| [op, "--config", path.to_str().unwrap()];
    let encoded = check(&run(&args("encode"), &payloads("text")), 0, &[]);
    let without = fs::read_to_string(&path).unwrap().replace("2026-11", "2026-12");
    fs::write(&path, without).unwrap();
    let facts = ["stage `aes-gcm`", "`2026-11`", "key ring `payments`"];
    let out = check(&run(&args("explain"), &encoded), 1, &facts);
    let trouble = out.lines().find(|line| line.contains("trouble: ")).unwrap();
    assert_text(
        &without_slot(trouble.trim()),
        &facts,
        &expect![[r#"
            trouble: stage `aes-gcm`, decoding payload N: the payload is sealed under key `2026-11`, which is not in key ring `payments`: add it to the ring, or restore it (`keys.NAME.material`)
        "#]],
    );
    refused(
        &run(&args("decode"), &encoded),
        1,
        &facts,
        &expect![[r#"
            error: stage `aes-gcm`, decoding payload N: the payload is sealed under key `2026-11`, which is not in key ring `payments`: add it to the ring, or restore it (`keys.NAME.material`)
        "#]],
    );
}

#[test]
fn help_teaches() {
    check(&run(&["--help"], ""), 0, &["demo", "inspect", "Exit status", "CLOAKROOM_LOG"]);
    check(&run(&["encode", "--help"], ""), 0, &["--config", "Example:"]);
}

/// For every command, and before it does anything.
#[test]
fn what_is_logged_must_be_understood() {
    let folder = config();
    let path = folder.path().join("cloakroom.toml");
    let path = path.to_str().unwrap();
    let with = |log: &str, args: &[&str]| {
        let mut command = Command::new(binary());
        let command = command.args(args).env("CLOAKROOM_LOG", log).stdin(Stdio::null());
        command.output().unwrap()
    };
    let commands: [&[&str]; 5] = [
        &["demo"],
        &["inspect", "bundled:zstd"],
        &["decode", "--config", path],
        &["explain", "--config", path],
        &["codec-server", "--config", path],
    ];
    for args in commands {
        for wrong in ["verbose", "cloakroom=loud"] {
            let output = with(wrong, args);
            assert!(output.stdout.is_empty());
            let text = String::from_utf8_lossy(&output.stderr).replace(wrong, "WRONG");
            assert_eq!(output.status.code(), Some(2), "{text}");
            assert_text(
                &text,
                &["error: CLOAKROOM_LOG", "WRONG", "`debug`"],
                &expect![[r#"
                    error: CLOAKROOM_LOG is `WRONG`, which is not a log filter: write a level (error, warn, info, debug, trace, off) or TARGET=LEVEL, such as `debug` or `warn,cloakroom::guest=trace`
                "#]],
            );
        }
    }
    check(&with("debug", &["inspect", "bundled:zstd"]), 0, &["started"]);
    // Its input is empty; what it opened is logged before.
    let says = ["opened the configuration", "stages=\"zlib, aes-gcm\"", path];
    check(&with("info", &["encode", "--config", path]), 1, &says);
}
