//! `grants.tcp`, `grants.secrets` and `[secrets]` of a configuration.

use std::fs;

use cloakroom::CloakroomBuilder;
use cloakroom_tests::{compile_cache, rigs::Certificates};

use super::*;

/// Opens a configuration of one Redis driver. Line 6 has its grants, and line 8 the secret.
async fn open(grants: &str, secret: &str) -> Result<Vec<String>, String> {
    let folder = tempfile::tempdir().unwrap();
    let authority = Certificates::default();
    let pair = authority.server(&["client"]);
    for (name, text) in [
        ("ca.pem", &*authority.authority()),
        ("client.pem", &pair.certificate),
        ("client.key", &pair.key),
        ("secret", "canary\n"),
        ("empty", "\n"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let text = format!(
        "[storage]\n[[storage.driver]]\nname = \"redis\"\nplugin = \"bundled:redis\"\n\
         settings = {{ address = \"localhost:1\" }}\n{grants}\n[secrets]\ndb = {secret}\n"
    );
    let path = folder.path().join("cloakroom.toml");
    fs::write(&path, text).unwrap();
    let report = CloakroomBuilder::file(&path).with_cache(compile_cache()).check().await;
    let report = report.map_err(|error| {
        let text = chain(&error);
        assert!(!text.contains("canary"), "{text}");
        text.replace(&folder.path().display().to_string(), "DIR")
    })?;
    Ok(report.report().warnings.clone())
}

const SECRET: &str = "{ file = \"secret\" }";

#[tokio::test(flavor = "multi_thread")]
async fn all_forms_of_a_server_are_granted() {
    for grants in [
        "grants.tcp = [\"localhost:1\", \"127.0.0.1:1\", \"[::1]:1\"]",
        "grants.tcp = [{ to = \"localhost:1\" }, { to = \"db.example:1\", tls = true, ca = { file = \"ca.pem\" } }]",
        "grants.tcp = [\"localhost:1\", { to = \"db.example:1\", tls = \"postgres\", ca = { file = \"ca.pem\" }, \
         certificate = { file = \"client.pem\" }, key = { file = \"client.key\" } }]",
    ] {
        assert_eq!(open(grants, SECRET).await, Ok(vec![]), "{grants}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_granted_is_refused_with_its_line() {
    let table = |keys: &str| format!("grants.tcp = [{{ to = \"db.example:1\", {keys} }}]");
    for (grants, words) in [
        ("grants.tcp = [\"localhost\"]".to_owned(), "must be a name or an address with a port"),
        ("grants.tcp = [\"127.1:1\"]".to_owned(), "neither an address nor a name"),
        ("grants.tcp = [\"240.0.0.1:1\"]".to_owned(), "240.0.0.0/4"),
        ("grants.tcp = [7]".to_owned(), "HOST:PORT"),
        (table("tls = \"smtp\""), "`tls` is true, false or \"postgres\""),
        (table("ca = { file = \"ca.pem\" }"), "need `tls = true`"),
        (table("tls = true, ca = { file = \"client.key\" }"), "the certificate is not PEM"),
        (table("tls = true, ca = { file = \"absent\" }"), "absent`: correct the path"),
        (table("tls = true, certificate = { file = \"client.pem\" }"), "belong together"),
        (table("tls = true, certificat = \"x\""), "did you mean `certificate`?"),
        ("grants.secrets = [\"dn\"]".to_owned(), "there is no such secret; did you mean `db`?"),
    ] {
        let refused = open(&grants, SECRET).await.unwrap_err();
        assert!(refused.contains("cloakroom.toml, line 6") && refused.contains(words), "{refused}");
    }
    for (secret, words) in [
        ("{ file = \"empty\" }", "[secrets] `db` is empty"),
        ("{ file = \"absent\" }", "absent`: correct the path"),
        ("{ env = \"CLOAKROOM_NO_SUCH\" }", "has no variable `CLOAKROOM_NO_SUCH`"),
        ("\"canary\"", "never written into this file"),
    ] {
        let refused = open("grants.tcp = [\"localhost:1\"]", secret).await.unwrap_err();
        assert!(refused.contains("cloakroom.toml, line 8") && refused.contains(words), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_beside_the_log_and_a_server_in_the_clear_are_warned_of() {
    let grants =
        "grants = { tcp = [\"db.example:1\", \"localhost:1\"], secrets = [\"db\"], log = true }";
    let warnings = open(grants, SECRET).await.unwrap();
    let [logged, clear] = &*warnings else { panic!("{warnings:?}") };
    assert!(
        logged.contains("line 6: driver `redis` sees the secret `db` and may write"),
        "{logged}"
    );
    assert!(
        clear.contains("line 6: driver `redis` talks to `db.example:1` in the clear"),
        "{clear}"
    );
}
