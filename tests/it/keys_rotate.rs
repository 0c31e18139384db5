//! `cloakroom keys rotate` and `keys list`, as an operator runs them.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom_tests::KEY;
use serde_json::Value;

use crate::cli::{binary, check};

const CONFIG: &str = r#"# Pipeline of payments.
[[stage]]
plugin = "bundled:aes-gcm"
settings = { ring = "payments", format = "temporal" }
grants.keys = ["payments"]

[keys.payments]
current = "a"   # since May
material = { "a" = { file = "a.key" } }
created = { "a" = "2026-05-01" }

[limits]
payload = "1MiB"
"#;

fn keys(folder: &Path, args: &[&str]) -> Output {
    let mut keys = Command::new(binary());
    keys.arg("keys").args(args).args(["--config", "cloakroom.toml"]).current_dir(folder);
    keys.output().unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.key"), STANDARD.encode(KEY)).unwrap();
    fs::write(folder.path().join("cloakroom.toml"), CONFIG).unwrap();
    folder
}

#[test]
fn a_key_is_added_first_and_made_current_then() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let rotate =
        |args: &[&str]| keys(folder.path(), &[&["rotate", "--ring", "payments"], args].concat());
    let shown = check(&rotate(&["--id", "b"]), 0, &["nothing was written"]);
    assert!(
        shown.contains("+ material = { \"a\" = { file = \"a.key\" }, b = { file = "),
        "{shown}"
    );
    assert_eq!(fs::read_to_string(at("cloakroom.toml")).unwrap(), CONFIG);
    assert!(!at("payments-b.key").exists());

    check(&rotate(&["--id", "b", "--apply"]), 0, &["made the key", "--activate b"]);
    let key = fs::read_to_string(at("payments-b.key")).unwrap();
    assert_eq!(STANDARD.decode(key.trim()).unwrap().len(), 32);
    assert_eq!(fs::metadata(at("payments-b.key")).unwrap().permissions().mode() & 0o777, 0o600);
    check(&rotate(&["--activate", "b", "--apply"]), 0, &["- current = \"a\"   # since May"]);
    let config = fs::read_to_string(at("cloakroom.toml")).unwrap();
    assert!(config.starts_with("# Pipeline of payments.\n"), "{config}");
    assert!(config.contains("current = \"b\"   # since May\n"), "{config}");

    let metrics = "cloakroom_key_messages_total{ring=\"payments\",key=\"a\"} 7\n\
                   cloakroom_key_messages_total{ring=\"payments\",key=\"a\",more=\"x\"} 3\n";
    fs::write(at("metrics"), metrics).unwrap();
    let listed = keys(folder.path(), &["list", "--json", "--metrics", "metrics"]);
    let listed: Value = serde_json::from_str(&check(&listed, 0, &[])).unwrap();
    let row = |index: usize| {
        let key = &listed["keys"][index];
        (key["key"].clone(), key["state"].clone(), key["messages"].clone())
    };
    assert_eq!(row(0), ("a".into(), "retired".into(), 10.into()));
    assert_eq!(row(1), ("b".into(), "current".into(), 0.into()));
    assert_eq!(listed["keys"][1]["ageInDays"], 0);
    assert!(listed["keys"][0]["ageInDays"].as_i64().unwrap() > 200);

    let checked = keys(folder.path(), &["check", "--json"]);
    let checked: Value = serde_json::from_str(&check(&checked, 0, &[])).unwrap();
    assert_eq!(checked["keys"].as_array().unwrap().len(), 2, "{checked:#}");
    assert_eq!(
        (&checked["keys"][1]["key"], &checked["keys"][1]["error"]),
        (&"b".into(), &Value::Null)
    );

    // A key is never replaced, and nothing is added twice.
    check(&rotate(&["--id", "b", "--apply"]), 2, &["has a key `b` already"]);
    check(&rotate(&["--id", "c", "--file", "a.key", "--apply"]), 2, &["cannot make the key file"]);
    assert_eq!(fs::read_to_string(at("a.key")).unwrap(), STANDARD.encode(KEY));
    assert_eq!(fs::read_to_string(at("cloakroom.toml")).unwrap(), config);
    check(&rotate(&["--activate", "z"]), 2, &["has no key `z`: add it first"]);
}
