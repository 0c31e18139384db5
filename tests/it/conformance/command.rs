//! `cloakroom plugin check`, `run` and `bench`, as an author meets them.

use std::fs;

use cloakroom_tests::{FAULTY, ROGUE_WASIP2, rigs, s3_storage};
use serde_json::Value;

use crate::cli::{check, run};

/// Checks a plugin, all of whose rules must be kept or not be run for these reasons.
#[track_caller]
fn passes(args: &[&str], missing: &[&str]) -> Value {
    let args = [&["plugin", "check", "--json"], args].concat();
    let out = check(&run(&args, ""), 0, &[]);
    let findings: Value = serde_json::from_str(&out).unwrap();
    let rules = findings["rules"].as_array().unwrap();
    assert!(rules.len() > 15, "{out}");
    let is_missing = |rule: &&Value| rule["verdict"] == "not run";
    let not_run: Vec<_> =
        rules.iter().filter(is_missing).map(|rule| rule["rule"].as_str().unwrap()).collect();
    assert_eq!(not_run, missing, "{out}");
    findings
}

const OF_CIPHERS: [&str; 4] = ["fresh", "plaintext", "swapped", "wrong-key"];

/// Rules that need a bucket.
const OF_BUCKETS: [&str; 5] = ["gone", "slow", "failing", "denied", "lying"];

#[test]
fn bundled_codecs_keep_every_rule() {
    for name in ["gzip", "snappy", "zlib", "zstd"] {
        let largest = if name == "zstd" { "50MiB" } else { "4MiB" };
        passes(&[&format!("bundled:{name}"), "--largest", largest], &OF_CIPHERS);
    }
    for settings in [
        &["bundled:chacha20-poly1305", "--largest", "4MiB"][..],
        &["bundled:aes-gcm"],
        &["bundled:aes-gcm", "--set", "repeatable=true", "--largest", "4MiB"],
        &["bundled:aes-gcm", "--set", "format=temporal", "--largest", "4MiB"],
    ] {
        passes(&[settings, &["--set", "ring=x"]].concat(), &[]);
    }
}

#[test]
fn bundled_drivers_keep_every_rule() {
    for name in ["azure", "gcs"] {
        let name = format!("bundled:{name}");
        passes(&[&name, "--set", "bucket=b", "--largest", "4MiB"], &[]);
    }
    let address = format!("address={}", rigs::redis().address());
    let missing = ["claim-swapped", "gone", "slow", "failing", "denied", "lying"];
    assert!(OF_BUCKETS.iter().all(|rule| missing.contains(rule)));
    passes(&["bundled:redis", "--set", &address], &missing);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("cloakroom.toml");
    let config_path = config.to_str().unwrap();
    rigs::bucket(&rigs::moto().url(), "conformance");
    fs::write(&config, s3_storage(&rigs::moto().url(), "conformance")).unwrap();
    passes(&["bundled:s3", "--config", config_path], &[]);
    let file = format!(
        r#"
        [storage]
        [[storage.driver]]
        name = "files"
        plugin = "bundled:file"
        settings = {{ bucket = "files" }}
        grants.buckets = ["files"]
        [buckets.files]
        url = "file:{}/objects"
        "#,
        folder.path().display()
    );
    fs::create_dir(folder.path().join("objects")).unwrap();
    fs::write(&config, file).unwrap();
    passes(&["bundled:file", "--config", config_path], &["claim-swapped"]);
}

#[test]
fn a_broken_rule_is_shown_with_the_command_that_repeats_it() {
    let folder = tempfile::tempdir().unwrap();
    let (plugin, junit) = (folder.path().join("my faulty.wasm"), folder.path().join("junit.xml"));
    fs::write(&plugin, FAULTY).unwrap();
    let (plugin, junit_path) = (plugin.to_str().unwrap(), junit.to_str().unwrap());
    let args = ["plugin", "check", plugin, "--set", "fault=metadata", "--largest", "1MiB"];
    let args = [&args[..], &["--set", "ring=x", "--junit", junit_path]].concat();
    let output = run(&args, "");
    let out = check(&output, 1, &["breaks 1 rules: metadata"]);
    let repeat = format!(
        "cloakroom plugin check '{plugin}' --set fault=metadata --set ring=x --largest 1MiB \
         --only metadata --seed 1"
    );
    for says in [
        "  FAILED    metadata",
        "  not run   fresh                the codec does not encrypt",
        "case    200 entries",
        "found   0 metadata entries came back in place of 200",
        "reason  data converters lose what they need",
        &repeat,
        "cost",
        "KiB after 1 MiB",
    ] {
        assert!(out.contains(says), "no `{says}` in:\n{out}");
    }
    let xml = fs::read_to_string(&junit).unwrap();
    assert!(xml.contains("failures=\"1\" skipped=\"4\""), "{xml}");
    assert!(xml.contains("<failure message=\"200 entries: "), "{xml}");
    // The command that was printed, as a shell has it.
    let again = ["plugin", "check", plugin, "--set", "fault=metadata", "--set", "ring=x"];
    let again = [&again[..], &["--only", "metadata", "--seed", "1"]].concat();
    let out = check(&run(&again, ""), 1, &["breaks 1 rules: metadata"]);
    assert!(!out.contains("round-trip") && !out.contains("cost"), "{out}");
}

#[test]
fn what_cannot_be_checked_is_an_error_of_usage() {
    check(&run(&["plugin", "check", "bundled:aes-gcm"], ""), 2, &["--set NAME=VALUE"]);
    check(&run(&["plugin", "check", "/nowhere.wasm"], ""), 2, &["nowhere.wasm"]);
    let args = ["plugin", "check", "bundled:zstd", "--only", "speed"];
    check(&run(&args, ""), 2, &["no rule is called `speed`", "truncated"]);
}

const HELLO: &str =
    r#"{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"aGVsbG8="}]}"#;

#[test]
fn a_run_lists_calls_of_the_host() {
    let args = ["plugin", "run", "bundled:aes-gcm", "--set", "ring=x", "--encode", "--trace"];
    let output = run(&args, HELLO);
    let sealed =
        check(&output, 0, &["host   keys.seal ", "host   payload.envelope", "KiB of memory"]);
    let args = ["plugin", "run", "bundled:aes-gcm", "--set", "ring=x", "--decode"];
    let output = run(&args, &sealed);
    let out = check(&output, 0, &[]);
    assert!(out.contains("aGVsbG8="), "{out}");
    assert!(output.stderr.is_empty());
    let args = ["plugin", "run", "bundled:s3", "--set", "bucket=b", "--store", "--trace"];
    let out = check(&run(&args, "hello"), 0, &["host   bucket.put"]);
    let claim: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(claim["bucket"], "b");
}

/// The panic's text, and the functions that the plugin was in.
#[test]
fn a_trace_shows_where_a_plugin_trapped() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("rogue.wasm");
    fs::write(&plugin, ROGUE_WASIP2).unwrap();
    let plugin = plugin.to_str().unwrap();
    let address = ["--set", "words=127.0.0.1:9"];
    let input = r#"{"payloads":[{"data":"cGFuaWM="}]}"#;
    let args = [&["plugin", "run", plugin, "--encode", "--trace"], &address[..]].concat();
    let says = ["panicked at", "a panic with a payload in it", "innermost first", "wasm function"];
    check(&run(&args, input), 1, &says);
    // Without it, the error says how to see more.
    let args = [&["plugin", "run", plugin, "--encode"], &address[..]].concat();
    check(&run(&args, input), 1, &["`cloakroom plugin run --trace`"]);
}

#[test]
fn a_run_is_of_the_right_kind() {
    let args = ["plugin", "run", "bundled:zstd", "--store"];
    check(&run(&args, ""), 2, &["the plugin is a codec: call it with --encode or --decode"]);
    let args = ["plugin", "run", "bundled:s3", "--set", "bucket=b", "--encode"];
    check(&run(&args, ""), 2, &["the plugin is a storage driver"]);
}

#[test]
fn a_bench_has_a_row_for_each_plugin_size_and_reuse() {
    let folder = tempfile::tempdir().unwrap();
    let svg = folder.path().join("bench.svg");
    let args =
        ["plugin", "bench", "bundled:zstd", "--calls", "1", "--size", "1KiB", "--size", "2KiB"];
    let args = [&args[..], &["--json", "--svg", svg.to_str().unwrap()]].concat();
    let out = check(&run(&args, ""), 0, &[]);
    let figures: Value = serde_json::from_str(&out).unwrap();
    let rows = figures["rows"].as_array().unwrap();
    // Four compressors.
    assert_eq!(rows.len(), 4 * 2 * 2, "{out}");
    assert!(rows.iter().all(|row| row["outMicros"].as_f64().unwrap() > 0.0), "{out}");
    assert_eq!(rows[0]["plugin"], "zstd");
    let svg = fs::read_to_string(&svg).unwrap();
    assert_eq!(svg.matches("<rect").count(), 3 + 2 * 4 * 2, "{svg}");
    let args =
        ["plugin", "bench", "bundled:s3", "--set", "bucket=b", "--calls", "1", "--size", "1KiB"];
    let out = check(&run(&args, ""), 0, &[]);
    for name in ["azure", "file", "gcs", "s3"] {
        assert!(out.contains(name), "{out}");
    }
}
