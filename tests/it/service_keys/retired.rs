//! Retired keys of a service, and secrets of before: what is known of them, and what still needs them.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use cloakroom::{CloakroomBuilder, Context};
use cloakroom_tests::{compile_cache, plain, rigs::OpenBao, text};
use serde_json::{Value, json};

use super::id;
use crate::{
    cli::{binary, check},
    keys_used::write_history,
};

/// Keys of the service, and the requests that the worker's token may make of each. The last one is not
/// there.
const KEYS: [(&str, &[&str]); 5] = [
    ("payments", &["encrypt", "decrypt"]),
    ("wrapped-secret", &["decrypt"]),
    ("opens-only", &["decrypt"]),
    ("wraps-too", &["encrypt", "decrypt"]),
    ("gone", &["encrypt", "decrypt"]),
];

/// Repeatable payloads and claims: both name the ring's secret.
const STAGES: &str = r#"
[[stage]]
plugin = "bundled:aes-gcm"
settings = { ring = "payments", repeatable = true }
grants.keys = ["payments"]
[storage]
threshold = "1KiB"
claims = { policy = "write", ring = "payments" }
[[storage.driver]]
name = "local"
plugin = "bundled:file"
settings = { bucket = "objects" }
grants.buckets = ["objects"]
[buckets.objects]
url = "file:objects"
"#;

/// A server with keys, and a folder with configurations that name them.
struct Scene {
    bao: OpenBao,
    folder: tempfile::TempDir,
}

impl Scene {
    fn set() -> Self {
        let (bao, folder) = (OpenBao::start(), tempfile::tempdir().unwrap());
        let mut policy = String::new();
        for (key, actions) in KEYS {
            if key != "gone" {
                bao.tell("POST", &format!("transit/keys/{key}"), json!({}));
            }
            for action in actions {
                let path = format!("transit/{action}/{key}");
                policy += &format!("path \"{path}\" {{ capabilities = [\"update\"] }}\n");
            }
        }
        bao.tell("PUT", "sys/policies/acl/worker", json!({ "policy": policy }));
        let made = bao.tell("POST", "auth/token/create", json!({"policies": ["worker"]}));
        let token = made["auth"]["client_token"].as_str().unwrap().to_owned();
        fs::write(folder.path().join("worker"), token).unwrap();
        fs::write(folder.path().join("operator"), bao.root()).unwrap();
        Self { bao, folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a configuration whose ring has this table, and who asks the service.
    fn write(&self, name: &str, who: &str, ring: &str) {
        let access = format!(
            "[key_services.vault]\naddress = \"{}\"\ntoken_file = \"{who}\"\nenvironment = false\n",
            self.bao.url()
        );
        fs::write(self.path().join(name), format!("{STAGES}[keys.payments]\n{ring}{access}"))
            .unwrap();
    }

    fn keys(&self, args: &[&str]) -> Output {
        Command::new(binary()).arg("keys").args(args).current_dir(self.path()).output().unwrap()
    }

    /// Makes a secret that this key wraps.
    fn make_secret(&self, key: &str) {
        let file = format!("{key}.secret");
        let ring =
            format!("service = \"vault://transit/{key}\"\nsecret = {{ file = \"{file}\" }}\n");
        self.write("init.toml", "operator", &ring);
        let args = ["init", "--config", "init.toml", "--ring", "payments", "--file", &file];
        check(&self.keys(&args), 0, &[]);
        fs::rename(self.path().join("init.toml"), self.path().join(format!("{key}.toml"))).unwrap();
    }

    /// Writes the configuration after these keys have retired.
    fn retire(&self, keys: &[&str]) {
        let keys: Vec<_> = keys.iter().map(|key| format!("vault://transit/{key}")).collect();
        let ring = format!(
            "service = \"vault://transit/payments\"\nretired = {keys:?}\n\
             secret = {{ file = \"payments.secret\" }}\n\
             old_secrets = [{{ file = \"wrapped-secret.secret\" }}]\n"
        );
        self.write("cloakroom.toml", "worker", &ring);
    }

    /// Returns what a command prints in JSON.
    #[track_caller]
    fn told(&self, status: i32, args: &[&str]) -> Value {
        let args = [args, &["--config", "cloakroom.toml", "--json"]].concat();
        serde_json::from_str(&check(&self.keys(&args), status, &[])).unwrap()
    }
}

#[track_caller]
fn row<'a>(told: &'a Value, key: &str) -> &'a Value {
    let rows = told["keys"].as_array().unwrap();
    let found = rows.iter().find(|row| row["key"] == key && row["ring"] == "payments");
    found.unwrap_or_else(|| panic!("no row for {key} in {told:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_key_shows_what_it_can_and_is_needed_as_long_as_its_secret_is() {
    let scene = Scene::set();
    scene.make_secret("wrapped-secret");
    scene.make_secret("payments");
    let old = CloakroomBuilder::file(scene.path().join("wrapped-secret.toml"));
    let old = old.with_cache(compile_cache()).open().await.unwrap();
    let payloads = vec![plain("1"), plain(text(5000))];
    let sealed = old.encode(&Context::namespace("shop"), payloads).await.unwrap();

    scene.retire(&["wrapped-secret", "opens-only", "wraps-too", "gone"]);
    let checked = scene.told(1, &["check"]);
    let uri = |key: &str| format!("vault://transit/{key}");
    for (key, proof) in
        [("payments", "probe"), ("wrapped-secret", "secret"), ("wraps-too", "probe")]
    {
        let row = row(&checked, &uri(key));
        assert_eq!((&row["proof"], &row["error"]), (&proof.into(), &Value::Null), "{checked:#}");
        assert_eq!(row["isCurrent"], key == "payments");
    }
    let open = row(&checked, &uri("opens-only"));
    assert_eq!((&open["proof"], &open["error"]), (&Value::Null, &Value::Null), "{checked:#}");
    let why = open["unprovable"].as_str().unwrap();
    assert!(why.contains("wraps no probe (denied") && why.contains("encrypt/opens-only"), "{why}");
    let gone = row(&checked, &uri("gone"))["error"].as_str().unwrap();
    assert!(gone.contains("no such key"), "{gone}");
    assert_eq!(checked["keys"].as_array().unwrap().len(), KEYS.len());
    scene.retire(&["wrapped-secret", "opens-only"]);
    scene.told(3, &["check"]);
    scene.retire(&["wrapped-secret"]);
    scene.told(0, &["check"]);

    // A payload and a claim name the old secret, and only it names the key that has wrapped it.
    scene.retire(&["wrapped-secret", "wraps-too"]);
    let used_by = || scene.told(3, &["used-by", "--namespace", "shop", "run.json"]);
    let secret = id(&sealed[0]);
    let needed = |payloads: &[_]| {
        write_history(scene.path(), payloads);
        let told = used_by();
        let verdict = |key: &str| row(&told, key)["verdict"].as_str().unwrap().to_owned();
        let count = row(&told, &secret)["payloads"].as_u64().unwrap();
        (count, [&*secret, &uri("wrapped-secret"), &uri("wraps-too")].map(verdict))
    };
    let nothing = ["UNPROVABLE", "UNPROVABLE", "UNPROVABLE"].map(str::to_owned);
    assert_eq!(needed(&[]), (0, nothing));
    let by_secret = ["NEEDED", "NEEDED", "UNPROVABLE"].map(str::to_owned);
    assert_eq!(needed(&sealed[..1]), (1, by_secret.clone()));
    // A reference: its proof names the secret, and so does the object.
    assert_eq!(needed(&sealed[1..]), (2, by_secret));
}
