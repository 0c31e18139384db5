//! Settings that name what the plugin was not granted: refused when the configuration is loaded.

use std::{fs, path::Path};

use cloakroom::{CloakroomBuilder, Error, ErrorKind};
use cloakroom_tests::{KEY, ROGUE_HTTP, assert_text, chain, compile_cache};
use expect_test::{Expect, expect};

/// Parts that are granted.
const PARTS: &str = r#"
[keys.payments]
current = "1"
material = { 1 = { file = "key" } }
[buckets.payloads]
url = "memory:payloads"
[services.objects]
url = "http://127.0.0.1:9/v1/"
[secrets]
password = { file = "key" }
"#;

async fn open(folder: &Path, text: &str) -> Result<(), Error> {
    fs::write(folder.join("key"), KEY).unwrap();
    fs::write(folder.join("rogue_http.wasm"), ROGUE_HTTP).unwrap();
    let path = folder.join("cloakroom.toml");
    fs::write(&path, format!("{text}{PARTS}")).unwrap();
    CloakroomBuilder::file(path).with_cache(compile_cache()).open().await.map(drop)
}

/// Opens a file that names what was granted, and then one with a typing error in `name`, in this line.
async fn check(good: &str, line: usize, name: &str, snapshot: &Expect) {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path(), good).await;
    opened.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let mut lines: Vec<_> = good.lines().map(str::to_owned).collect();
    let (first, rest) = name.split_at(1);
    lines[line - 1] = lines[line - 1].replace(name, &format!("{first}{first}{rest}"));
    let error = open(folder.path(), &lines.join("\n")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{}", chain(&error));
    assert_text(&chain(&error), &[&format!("line {line}"), "did you mean"], snapshot);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_names_what_it_was_granted() {
    for (plugin, grant, snapshot) in [
        (
            "aes-gcm",
            "keys",
            expect![[r#"
            [folder]/cloakroom.toml, line 4, stage `aes-gcm`, key `settings.ring`: plugin `aes-gcm`: setting `ring` names `ppayments`, which is not in `grants.keys`: did you mean `payments`?
        "#]],
        ),
        (
            "chacha20-poly1305",
            "subkeys",
            expect![[r#"
            [folder]/cloakroom.toml, line 4, stage `chacha20-poly1305`, key `settings.ring`: plugin `chacha20-poly1305`: setting `ring` names `ppayments`, which is not in `grants.subkeys`: did you mean `payments`?
        "#]],
        ),
    ] {
        let text = format!(
            "[[stage]]\nplugin = \"bundled:{plugin}\"\n[stage.settings]\nring = \"payments\"\n\
             [stage.grants]\n{grant} = [\"payments\"]\n"
        );
        check(&text, 4, "payments", &snapshot).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_names_what_it_was_granted() {
    let redis = "tcp = [\"db.example:6379\"]\nsecrets = [\"password\"]";
    for (plugin, settings, grants, name, snapshot) in [
        (
            "bundled:s3",
            "bucket = \"payloads\"",
            "buckets = [\"payloads\"]",
            "payloads",
            expect![[r#"
                [folder]/cloakroom.toml, line 5, driver `d`, key `settings.bucket`: plugin `s3`: setting `bucket` names `ppayloads`, which is not in `grants.buckets`: did you mean `payloads`?
            "#]],
        ),
        (
            "file:rogue_http.wasm",
            "service = \"objects\"",
            "services = [\"objects\"]",
            "objects",
            expect![[r#"
                [folder]/cloakroom.toml, line 5, driver `d`, key `settings.service`: plugin `rogue_http` (`[folder]/rogue_http.wasm`): setting `service` names `oobjects`, which is not in `grants.services`: did you mean `objects`?
            "#]],
        ),
        // Another spelling of the same server.
        (
            "bundled:redis",
            "address = \"DB.example:6379\"",
            redis,
            "DB.example",
            expect![[r#"
                [folder]/cloakroom.toml, line 5, driver `d`, key `settings.address`: plugin `redis`: setting `address` names `ddb.example:6379`, which is not in `grants.tcp`: did you mean `db.example:6379`?
            "#]],
        ),
        (
            "bundled:redis",
            "password_secret = \"password\"\naddress = \"db.example:6379\"",
            redis,
            "password\"",
            expect![[r#"
                [folder]/cloakroom.toml, line 5, driver `d`, key `settings.password_secret`: plugin `redis`: setting `password_secret` names `ppassword`, which is not in `grants.secrets`: did you mean `password`?
            "#]],
        ),
    ] {
        let text = format!(
            "[[storage.driver]]\nname = \"d\"\nplugin = \"{plugin}\"\n[storage.driver.settings]\n\
             {settings}\n[storage.driver.grants]\n{grants}\n"
        );
        check(&text, 5, name, &snapshot).await;
    }
}

/// Nothing is granted by a name alone, and what is not granted at all is named with the key that grants it.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_without_a_grant_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[[storage.driver]]\nname = \"d\"\nplugin = \"bundled:redis\"\n\
                settings = { address = \"db.example:6379\", password_secret = \"password\" }\n\
                grants = { tcp = [\"db.example:6379\"] }\n";
    let error = open(folder.path(), text).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{}", chain(&error));
    assert_text(
        &chain(&error),
        &["line 4", "grants.secrets"],
        &expect![[r#"
        [folder]/cloakroom.toml, line 4, driver `d`, key `settings.password_secret`: plugin `redis`: setting `password_secret` names `password`, which is not in `grants.secrets`: add it to `grants.secrets`, which is empty
    "#]],
    );
}
