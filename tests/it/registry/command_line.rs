//! The path of a plugin from its author to an operator, on the command line.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use cloakroom_tests::{
    REVERSE, ZLIB_WASIP2, assert_text,
    rigs::{REGISTRY_PASSWORD, REGISTRY_USER, Registry},
};
use expect_test::expect;
use serde_json::{Value, json};

use crate::cli;

/// Runs a command in a folder, which is also its home.
fn run(folder: &Path, args: &str) -> Output {
    let mut command = Command::new(cli::binary());
    command.args(args.split(' ')).current_dir(folder).env("HOME", folder);
    for variable in ["XDG_CACHE_HOME", "XDG_DATA_HOME", "CLOAKROOM_LOG"] {
        command.env_remove(variable);
    }
    command.env("REGISTRY_PASSWORD", REGISTRY_PASSWORD).output().unwrap()
}

#[test]
fn a_plugin_is_built_signed_pushed_pinned_and_upgraded() {
    let registry = Registry::with_password();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let does = |args: &str, status: i32| cli::check(&run(folder, args), status, &[]);
    fs::write(folder.join("codec.wasm"), REVERSE).unwrap();

    // The author.
    does("plugin keygen a.pem", 0);
    does("plugin keygen a.pem", 1);
    does("plugin keygen b.pem", 0);
    does("plugin sign codec.wasm --key a.pem --version 1.0.0", 0);
    does("plugin sign codec.wasm --key a.pem --version 1.1.0", 2);
    let table = does("plugin verify codec.wasm --key a.pem.pub --name codec", 0);
    assert!(table.contains("verified"), "{table}");
    does("plugin verify codec.wasm --key b.pem.pub", 1);
    does("plugin verify codec.wasm --key a.pem.pub --name other", 1);
    let to = format!("oci://{}/team/codec:1", registry.host());
    does(&format!("plugin push codec.wasm {to}"), 1);
    let user = format!("--username {REGISTRY_USER} --password-env REGISTRY_PASSWORD");
    does(&format!("plugin push codec.wasm {to} {user}"), 0);

    // The operator.
    let config = format!(
        "[[stage]]\nplugin = \"{to}\"\ntrusted = [\"team-a\"]\n[plugins]\nfolder = \"plugins\"\n\
         signatures = \"require\"\n[plugins.keys.team-a]\nfile = \"a.pem.pub\"\n\
         [registries.\"{}\"]\nusername = \"{REGISTRY_USER}\"\n\
         password = {{ env = \"REGISTRY_PASSWORD\" }}\n",
        registry.host()
    );
    fs::write(folder.join("c.toml"), config).unwrap();
    does("check --config c.toml", 2);
    does("lock --config c.toml --check", 1);
    does("lock --config c.toml", 0);
    does("lock --config c.toml --check", 0);
    does("check --config c.toml", 0);
    fs::remove_dir_all(folder.join("plugins")).unwrap();
    does("check --config c.toml", 2);
    does("plugin pull --config c.toml", 0);
    does("check --config c.toml", 0);

    // An upgrade that writes another encoding, signed beside the file.
    fs::write(folder.join("codec.wasm"), ZLIB_WASIP2).unwrap();
    does("plugin sign codec.wasm --key a.pem --version 2.0.0 --detached", 0);
    does(&format!("plugin push codec.wasm {to} {user}"), 0);
    let before = fs::read_to_string(folder.join("c.toml")).unwrap();
    let table = does("lock --config c.toml --update", 1);
    let asked = table.split_once("More than was accepted:\n").unwrap().1;
    assert_text(
        asked.trim_start(),
        &["binary/zlib"],
        &expect![[r#"
            codec   encoding   + binary/zlib       to accept
              codec   encoding   - binary/reversed   to accept
        "#]],
    );
    assert_eq!(fs::read_to_string(folder.join("c.toml")).unwrap(), before);
    does("lock --config c.toml --update --accept", 0);
    does("check --config c.toml", 0);
    assert_ne!(fs::read_to_string(folder.join("c.toml")).unwrap(), before);
    let pulled = does(&format!("plugin pull {to} {user} --into copies --output out.wasm"), 0);
    assert_eq!(fs::read(folder.join("out.wasm")).unwrap(), ZLIB_WASIP2);
    let pinned = pulled.split_whitespace().next().unwrap();
    does(&format!("plugin verify {pinned} --key a.pem.pub --into copies"), 0);

    // The same for scripts.
    let verify = format!("plugin verify {pinned} --key a.pem.pub --into copies --json");
    let verified: Value = serde_json::from_str(&does(&verify, 0)).unwrap();
    assert_eq!(verified["isTrusted"], true, "{verified}");
    let signature = &verified["signatures"][0];
    assert_eq!((&signature["name"], &signature["version"]), (&"codec".into(), &"2.0.0".into()));
    assert_eq!(
        (&signature["place"], &signature["state"]),
        (&"in the manifest".into(), &"verified".into())
    );
    let verified: Value =
        serde_json::from_str(&does(&verify.replace("a.pem.pub", "b.pem.pub"), 1)).unwrap();
    assert_eq!(
        (&verified["isTrusted"], &verified["signatures"][0]["state"]),
        (&false.into(), &"not checked".into())
    );
    let locked: Value = serde_json::from_str(&does("lock --config c.toml --json", 0)).unwrap();
    let plugin = &locked["plugins"][0];
    assert_eq!((&plugin["name"], &plugin["isSigned"]), (&"codec".into(), &true.into()), "{locked}");
    assert_eq!((&locked["isCurrent"], &locked["differences"]), (&true.into(), &json!([])));

    // A copy is inspected as a file is, and what has none is named with the next step.
    let inspected = does(&format!("inspect {pinned} --into copies --describe --json"), 0);
    assert!(inspected.contains("binary/zlib"), "{inspected}");
    let said = |args: &str| String::from_utf8(run(folder, args).stderr).unwrap();
    let missing = said(&format!("inspect {pinned} --into elsewhere"));
    assert!(
        missing.contains("no local copy of") && missing.contains("plugin pull oci://"),
        "{missing}"
    );
    let tag = said(&format!("inspect {to}"));
    assert!(tag.contains("has no digest") && tag.contains("plugin pull oci://"), "{tag}");
}
