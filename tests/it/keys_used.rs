//! `cloakroom keys used-by`: the keys that a namespace of a real server still needs.

mod files;
mod scene;

use std::{fs, process::Output};

use serde_json::Value;

pub(crate) use self::files::write_history;
use self::scene::{CANARY, KEYS, Scene, used_by};
use crate::{cli::check, worker::until};

/// Returns the row of a key.
#[track_caller]
fn row<'a>(told: &'a Value, ring: &str, key: &str) -> &'a Value {
    let rows = told["keys"].as_array().unwrap();
    let found = rows.iter().find(|row| row["ring"] == ring && row["key"] == key);
    found.unwrap_or_else(|| panic!("no row for {ring}/{key} in {told:#}"))
}

/// Returns the verdict about a key, and the kinds of its holders.
#[track_caller]
fn verdict(told: &Value, ring: &str, key: &str) -> (String, Vec<String>) {
    let row = row(told, ring, key);
    let holder = |holder: &Value| {
        let state = if holder["isOpen"] == true { "open" } else { "closed" };
        format!("{} {state} {}", holder["count"], holder["kind"].as_str().unwrap())
    };
    let holders = row["holders"].as_array().unwrap().iter().map(holder).collect();
    (row["verdict"].as_str().unwrap().to_owned(), holders)
}

#[track_caller]
fn told(output: &Output, status: i32) -> Value {
    let out = check(output, status, &[]);
    serde_json::from_str(&out).unwrap()
}

/// Checks the verdict of each key, and where it was seen.
#[track_caller]
fn expect(told: &Value, expected: &[(&str, &str, &[&str])]) {
    for (key, wanted, holders) in expected {
        let (ring, key) = key.split_once('/').unwrap();
        let (found, seen) = verdict(told, ring, key);
        assert_eq!((&*found, &*seen), (*wanted, &*holders.map_owned()), "{ring}/{key}: {told:#}");
    }
}

trait Owned {
    fn map_owned(&self) -> Vec<String>;
}

impl Owned for &[&str] {
    fn map_owned(&self) -> Vec<String> {
        self.iter().map(|text| (*text).to_owned()).collect()
    }
}

/// Returns how many holders of a kind were read.
fn count(told: &Value, kind: &str) -> u64 {
    let read = told["read"].as_array().unwrap().iter().find(|read| read["kind"] == kind);
    read.map_or(0, |read| read["count"].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_key_is_found_where_it_is_named() {
    let scene = Scene::set().await;
    // The server has no standalone Nexus operations.
    let (url, own) = (scene.server.url(), ["--namespace", "default", "--without", "operations"]);
    let namespace = [&["--address", &*url][..], &own].concat();
    let ask =
        |more: &[&str]| used_by(scene.folder.path(), &[&namespace[..], more, &["--json"]].concat());

    // Lists lag behind.
    let all = until(async || {
        let output = ask(&[]);
        let text =
            String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned();
        let read = serde_json::from_slice::<Value>(&output.stdout).map_err(|_| text.clone())?;
        let kinds = ["run", "schedule", "activity"].map(|kind| count(&read, kind));
        if kinds == [scene.runs, 1, 1] { Ok(output) } else { Err(text) }
    })
    .await;
    let everything = told(&all, 0);
    expect(
        &everything,
        &[
            ("payments/nowhere", "UNUSED", &[]),
            ("payments/closed", "NEEDED", &["1 closed run"]),
            ("payments/object", "NEEDED", &["1 open run"]),
            ("payments/memo", "NEEDED", &["1 open run"]),
            ("payments/heartbeat", "NEEDED", &["1 open run"]),
            ("payments/schedule", "NEEDED", &["1 open schedule"]),
            ("payments/activity", "NEEDED", &["1 open activity"]),
            ("proofs/older", "NEEDED", &["1 open run"]),
            ("proofs/newer", "NEEDED", &[]),
            ("proofs/oldest", "UNUSED", &[]),
        ],
    );
    assert_eq!(row(&everything, "payments", "object")["payloads"], 1);
    assert_eq!(everything["everythingWasRead"], true);
    for canary in [CANARY, &hex::encode(CANARY)] {
        assert!(!everything.to_string().contains(canary), "{everything:#}");
    }
    let seen = &row(&everything, "payments", "heartbeat")["first"];
    assert!(seen["field"].as_str().unwrap().contains("heartbeat_details"), "{seen}");
    assert!(seen["time"].as_str().unwrap().ends_with('Z'), "{seen}");

    // For scripts.
    told(&ask(&["--key", "payments/nowhere"]), 0);
    told(&ask(&["--key", "payments/memo"]), 4);
    check(&ask(&["--key", "payments/nowehre"]), 2, &["no key `payments/nowehre`"]);

    // An object is taken away.
    let object = scene.object();
    let bytes = fs::read(&object).unwrap();
    fs::remove_file(&object).unwrap();
    let less = told(&ask(&[]), 3);
    expect(
        &less,
        &[("payments/nowhere", "UNPROVABLE", &[]), ("payments/object", "UNPROVABLE", &[])],
    );
    assert_eq!(less["notRead"][0]["what"], "objects", "{less:#}");
    told(&ask(&["--key", "payments/nowhere"]), 3);
    fs::write(&object, bytes).unwrap();

    // A key is destroyed: it is named, and hides whatever it sealed until somebody says that it is gone.
    scene.write_config(
        "without.toml",
        "now",
        &KEYS.map(|key| if key == "closed" { "" } else { key }),
    );
    let without = |more: &[&str]| {
        let args = [&["--config", "without.toml", "--json"], &namespace[..], more].concat();
        scene::keys(scene.folder.path(), &[&["used-by"], &*args].concat())
    };
    let hidden = told(&without(&[]), 3);
    expect(&hidden, &[("payments/nowhere", "UNPROVABLE", &[])]);
    let rows = hidden["keys"].as_array().unwrap();
    let lost = rows.iter().find(|row| row["key"] == "closed").unwrap();
    assert_eq!((&lost["ring"], &lost["state"]), (&Value::Null, &Value::from("unknown here")));
    assert_eq!(lost["first"]["id"], scene.closed);
    let known = told(&without(&["--destroyed", "closed"]), 0);
    expect(&known, &[("payments/nowhere", "UNUSED", &[])]);

    // A gateway decodes, unless the caller does that itself. It refuses namespaces of others.
    let gateway = scene.gateway();
    let through = |token: &str, more: &[&str]| {
        let access = ["--address", &gateway.url(), "--api-key-file", token, "--json"];
        used_by(scene.folder.path(), &[&access, more].concat())
    };
    check(&through("worker.token", &own), 2, &["Cloakroom's gateway, which decodes payloads"]);
    let raw = told(&through("auditor.token", &own), 0);
    expect(
        &raw,
        &[("payments/nowhere", "UNUSED", &[]), ("payments/memo", "NEEDED", &["1 open run"])],
    );
    let refused =
        told(&through("auditor.token", &[&own[..], &["--namespace", "bank"]].concat()), 3);
    expect(&refused, &[("payments/nowhere", "UNPROVABLE", &[])]);
    assert!(refused["notRead"].to_string().contains("PERMISSION_DENIED"), "{refused:#}");
    let absent = told(&ask(&["--namespace", "absent"]), 3);
    assert!(absent["notRead"].to_string().contains("NOT_FOUND"), "{absent:#}");

    // Once the run is gone, nothing names its key.
    scene.delete_closed();
    until(async || {
        let gone = serde_json::from_slice::<Value>(&ask(&[]).stdout).unwrap();
        let (verdict, _) = verdict(&gone, "payments", "closed");
        if verdict == "UNUSED" { Ok(()) } else { Err(verdict) }
    })
    .await;
}
