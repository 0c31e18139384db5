//! Exported histories: keys inside of other layers, and what keeps them from being read.

use std::{collections::BTreeSet, fs, path::Path};

use cloakroom::{CloakroomBuilder, Context, Payload, temporal};
use cloakroom_tests::{compile_cache, noise};
use serde_json::{Value, json};

use super::{expect, scene::used_by, told};

const KEYS: [&str; 4] = ["in-1", "in-2", "out-1", "out-2"];

/// Encrypts twice: the outer stage hides which key the inner one used.
fn config(inner: &str, outer: &str, outer_keys: &[&str]) -> String {
    let material = |keys: &[&str]| {
        let keys = keys.iter().map(|key| format!("{key} = {{ file = \"{key}\" }}"));
        keys.collect::<Vec<_>>().join(", ")
    };
    format!(
        r#"
        [[stage]]
        plugin = "bundled:aes-gcm"
        settings = {{ ring = "inner" }}
        grants.keys = ["inner"]
        [[stage]]
        plugin = "bundled:chacha20-poly1305"
        settings = {{ ring = "outer" }}
        grants.subkeys = ["outer"]
        [keys.inner]
        current = "{inner}"
        material = {{ {} }}
        [keys.outer]
        current = "{outer}"
        material = {{ {} }}
        "#,
        material(&["in-1", "in-2"]),
        material(outer_keys)
    )
}

/// Writes a history whose first event has these payloads as its input.
pub(crate) fn write_history(folder: &Path, payloads: &[Payload]) {
    let text = temporal::json::write(payloads).unwrap();
    let input: Value = serde_json::from_slice(&text).unwrap();
    let event = json!({
        "eventId": "1",
        "eventTime": "2026-11-01T00:00:00Z",
        "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
        "workflowExecutionStartedEventAttributes": { "workflowId": "w", "input": input },
    });
    fs::write(folder.join("run.json"), json!({ "events": [event] }).to_string()).unwrap();
}

fn reasons(told: &Value) -> BTreeSet<String> {
    let not_read = told["notRead"].as_array().unwrap();
    not_read.iter().map(|gap| gap["why"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn layers_are_opened_and_what_stays_shut_proves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (key, bytes) in KEYS.iter().zip(noise(32 * 4).chunks(32)) {
        fs::write(at(key), bytes).unwrap();
    }
    fs::write(at("old.toml"), config("in-1", "out-1", &["out-1", "out-2"])).unwrap();
    fs::write(at("cloakroom.toml"), config("in-2", "out-2", &["out-1", "out-2"])).unwrap();
    let old = CloakroomBuilder::file(at("old.toml")).with_cache(compile_cache()).open().await;
    let plain = Payload::new("json/plain", "\"hi\"");
    let twice = old.unwrap().encode(&Context::none(), vec![plain.clone()]).await.unwrap();
    write_history(folder.path(), &twice);
    let ask = |more: &[&str]| used_by(folder.path(), &[&["run.json", "--json"], more].concat());

    let only_files = "only exported histories were read: other runs, schedules and the like are not in \
                      them";
    let opened = told(&ask(&[]), 3);
    expect(
        &opened,
        &[
            ("inner/in-1", "NEEDED", &["1 closed run"]),
            ("outer/out-1", "NEEDED", &["1 closed run"]),
            ("inner/in-2", "NEEDED", &[]),
        ],
    );
    assert_eq!(reasons(&opened), [only_files.to_owned()].into());
    assert_eq!(opened["keys"][0]["first"]["time"], "2026-11-01T00:00:00Z");

    // Without the outer key, nobody knows which key is inside.
    fs::write(at("cloakroom.toml"), config("in-2", "out-2", &["out-2"])).unwrap();
    let shut = told(&ask(&[]), 3);
    expect(&shut, &[("inner/in-1", "UNPROVABLE", &[])]);
    let rows = shut["keys"].as_array().unwrap();
    let lost = rows.iter().find(|row| row["key"] == "out-1").unwrap();
    assert_eq!((&lost["state"], &lost["verdict"]), (&"unknown here".into(), &"NEEDED".into()));
    assert!(reasons(&shut).iter().any(|why| why.contains("a key that is unknown here")));
    assert_eq!(reasons(&told(&ask(&["--destroyed", "out-1"]), 3)).len(), 1);

    // An encoding of nobody, and data keys of another proxy.
    let other = Payload::new("binary/other", "x");
    let proxied = Payload::new("binary/encrypted", "x")
        .with_metadata("encryption-key-id", "awskms:///alias/payments")
        .with_metadata("encryption-dek", "d3JhcHBlZA==");
    write_history(folder.path(), &[plain, other, proxied]);
    let strange = told(&ask(&[]), 3);
    assert!(
        reasons(&strange).contains("no stage opens a payload with the encoding `binary/other`")
    );
    assert!(
        !reasons(&told(&ask(&["--plain", "binary/other"]), 3))
            .iter()
            .any(|why| why.contains("other`"))
    );
    let rows = strange["keys"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["key"] == "awskms:///alias/payments"), "{strange:#}");
}
