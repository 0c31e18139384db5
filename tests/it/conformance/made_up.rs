//! `cloakroom plugin check` without a configuration: what is made up for a plugin, and what cannot be.

use std::fs;

use cloakroom_tests::{ROGUE_FETCH, ROGUE_HTTP, ROGUE_WASIP2};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::{check, run};

fn plugin(bytes: &[u8]) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plugin.wasm");
    fs::write(&path, bytes).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

/// Checks a plugin, and returns the findings.
#[track_caller]
fn findings(bytes: &[u8], settings: &[&str], status: i32) -> Value {
    let (_folder, path) = plugin(bytes);
    let args = ["plugin", "check", &path, "--json", "--largest", "4MiB"];
    let settings = settings.iter().flat_map(|setting| ["--set", setting]);
    let args: Vec<_> = args.into_iter().chain(settings).collect();
    serde_json::from_str(&check(&run(&args, ""), status, &[])).unwrap()
}

fn rules<'a>(findings: &'a Value, verdict: &str) -> Vec<&'a str> {
    let rules = findings["rules"].as_array().unwrap().iter();
    rules
        .filter(|rule| rule["verdict"] == verdict)
        .map(|rule| rule["rule"].as_str().unwrap())
        .collect()
}

/// Also the rules about backends that fail: the service is made to.
#[test]
fn drivers_over_http_are_tried_against_a_service_in_memory() {
    let service = "HTTP services in memory that keep objects";
    let http = findings(ROGUE_HTTP, &["service=store"], 0);
    assert_eq!(rules(&http, "not run"), ["claim-swapped"], "{http:#}");
    assert_eq!(http["against"], json!([service, "made-up secrets"]));
    assert!(http["cost"]["memoryBytes"].as_u64().unwrap() > 0);
    // An ordinary client, over `wasi:http`. It knows two statuses alone, which the suite finds.
    let fetch = findings(ROGUE_FETCH, &["url=http://store.test/v1/"], 1);
    assert_eq!(rules(&fetch, "failed"), ["failing", "denied"], "{fetch:#}");
    assert_eq!(rules(&fetch, "not run"), ["claim-swapped"], "{fetch:#}");
    assert_eq!(fetch["against"], json!([service]));
}

/// A driver that takes every answer for a success breaks the rules that say so, and no others.
#[test]
fn a_driver_that_reads_no_status_is_found() {
    let findings = findings(ROGUE_HTTP, &["service=store", "hopeful=true"], 1);
    let broken = rules(&findings, "failed");
    let expected = ["claim-forged", "gone", "failing", "denied"];
    assert_eq!(broken, expected, "{findings:#}");
}

#[test]
fn a_plugin_that_wants_tcp_says_what_it_needs() {
    let tcp = findings(ROGUE_WASIP2, &[], 0);
    assert_eq!(rules(&tcp, "passed"), ["description", "description-stable"]);
    let rest = tcp["rules"].as_array().unwrap().iter();
    for rule in rest.filter(|rule| rule["verdict"] == "not run") {
        let missing = rule["missing"].as_str().unwrap();
        assert!(missing.starts_with("needs --config: this plugin wants TCP"), "{missing}");
    }
    let against = |server| json!(["made-up keys", "made-up secrets", server]);
    assert_eq!((&tcp["against"], &tcp["cost"]), (&against("no server"), &Value::Null));
    // With an address it is called: it encodes nothing of what the suite has.
    let (_folder, path) = plugin(ROGUE_WASIP2);
    let args = ["plugin", "check", &path, "--json", "--only", "declared", "--set"];
    let out = check(&run(&[&args[..], &["words=127.0.0.1:9"]].concat(), ""), 1, &[]);
    let called: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(rules(&called, "failed"), ["declared"], "{out}");
    assert_eq!(called["against"], against("the server 127.0.0.1:9"));
}

#[test]
fn a_report_says_what_the_plugin_was_tried_against() {
    let (folder, path) = plugin(ROGUE_HTTP);
    let junit = folder.path().join("junit.xml");
    let args = ["plugin", "check", &path, "--set", "service=store", "--only", "kind", "--junit"];
    let out = check(&run(&[&args[..], &[junit.to_str().unwrap()]].concat(), ""), 0, &[]);
    let against = "HTTP services in memory that keep objects, made-up secrets";
    assert!(out.contains(&format!("against   {against}\n")), "{out}");
    let xml = fs::read_to_string(&junit).unwrap();
    assert!(xml.contains(&format!("<property name=\"against\" value=\"{against}\"/>")), "{xml}");
    let out = check(&run(&["plugin", "check", "bundled:zstd", "--only", "declared"], ""), 0, &[]);
    assert!(out.contains("against   nothing: it asks for nothing"), "{out}");
    // With a configuration it is what that grants.
    let config = folder.path().join("cloakroom.toml");
    fs::write(&config, "[[stage]]\nplugin = \"bundled:zstd\"\n").unwrap();
    let args = ["plugin", "check", "bundled:zstd", "--only", "declared", "--config"];
    let out = check(&run(&[&args[..], &[config.to_str().unwrap()]].concat(), ""), 0, &[]);
    assert!(out.contains("against   what the configuration grants"), "{out}");
}
