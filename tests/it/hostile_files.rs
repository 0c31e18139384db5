//! Files and settings of a careless operator: secrets in the open, and files that others could
//! replace.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom::{Cloakroom, Error, ErrorKind, storage::BucketUrl};
use cloakroom_tests::{KEY, assert_text, chain, ctx, noise, plain, wait_until};
use expect_test::{Expect, expect};

use crate::secrets::Log;

async fn open(folder: &Path, config: &str) -> Result<Cloakroom, Error> {
    fs::write(folder.join("cloakroom.toml"), config).unwrap();
    Cloakroom::open(folder.join("cloakroom.toml")).await
}

#[track_caller]
fn says(opened: Result<Cloakroom, Error>, facts: &[&str], snapshot: &Expect) {
    let error = opened.map(drop).unwrap_err();
    let text = chain(&error);
    assert_eq!(error.kind(), ErrorKind::Config, "{text}");
    assert_text(&text, facts, snapshot);
    assert!(!text.contains("s3cr3t"), "{text}");
}

const SEALING: &str = r#"
    [[stage]]
    plugin = "bundled:aes-gcm"
    settings = { ring = "payments" }
    grants.keys = ["payments"]
    [keys.payments]
    current = "one"
    material.one = { file = "key" }
"#;

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// On one thread, since the log is that of this thread.
#[tokio::test(flavor = "current_thread")]
async fn a_key_that_others_could_replace_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    fs::write(&key, STANDARD.encode(KEY)).unwrap();
    for (bits, is_fine, warns, snapshot) in [
        (0o600, true, false, None),
        (0o440, true, false, None),
        (0o644, true, true, None),
        (
            0o620,
            false,
            false,
            Some(expect![[r#"
                [folder]/cloakroom.toml, line 8: [keys.payments.material] `one`: others can write to `[folder]/key` (mode 620), and so replace what it holds: `chmod go-w` it
            "#]]),
        ),
        (
            0o602,
            false,
            false,
            Some(expect![[r#"
                [folder]/cloakroom.toml, line 8: [keys.payments.material] `one`: others can write to `[folder]/key` (mode 602), and so replace what it holds: `chmod go-w` it
            "#]]),
        ),
        (
            0o666,
            false,
            false,
            Some(expect![[r#"
                [folder]/cloakroom.toml, line 8: [keys.payments.material] `one`: others can write to `[folder]/key` (mode 666), and so replace what it holds: `chmod go-w` it
            "#]]),
        ),
    ] {
        let (log, _guard) = Log::start();
        mode(&key, bits);
        let opened = open(folder.path(), SEALING).await;
        assert_eq!(opened.is_ok(), is_fine, "{bits:o}");
        if let Some(snapshot) = snapshot {
            let facts = ["line 8", "[keys.payments.material] `one`", "chmod go-w"];
            says(opened, &facts, &snapshot);
        }
        assert_eq!(log.text().contains("chmod o-r"), warns, "{bits:o}: {}", log.text());
    }
}

#[tokio::test]
async fn a_pattern_is_no_key() {
    let folder = tempfile::tempdir().unwrap();
    for bytes in [[0; 32], [0xff; 32]] {
        for text in [bytes.to_vec(), STANDARD.encode(bytes).into_bytes()] {
            fs::write(folder.path().join("key"), text).unwrap();
            says(
                open(folder.path(), SEALING).await,
                &["openssl rand"],
                &expect![[r#"
                    [folder]/cloakroom.toml, line 8: [keys.payments.material] `one`: file `[folder]/key`: the key is a pattern, such as all zeros, and not random: write the output of `openssl rand -base64 32`
                "#]],
            );
        }
    }
}

fn storing(bucket: &str) -> String {
    format!(
        r#"
        [storage]
        threshold = "1B"
        cache.memory = "0B"
        [[storage.driver]]
        name = "d"
        plugin = "bundled:file"
        settings = {{ bucket = "b" }}
        grants.buckets = ["b"]
        [buckets.b]
        {bucket}
        "#
    )
}

#[tokio::test]
async fn a_secret_in_the_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = "url = \"s3://b\"\nregion = \"eu-west-1\"\n";
    for (setting, key, snapshot) in [
        (
            "secret_access_key = \"s3cr3t\"",
            "`secret_access_key`",
            expect![[r#"
                [folder]/cloakroom.toml, line 13: [buckets.b]: `secret_access_key` is a secret, and secrets are never written into this file: name it as `secret_access_key = { env = "NAME" }` or `secret_access_key = { file = "PATH" }`
            "#]],
        ),
        (
            "aws_session_token = \"s3cr3t\"",
            "`aws_session_token`",
            expect![[r#"
                [folder]/cloakroom.toml, line 13: [buckets.b]: `aws_session_token` is a secret, and secrets are never written into this file: name it as `aws_session_token = { env = "NAME" }` or `aws_session_token = { file = "PATH" }`
            "#]],
        ),
        (
            "proxy_url = \"http://me:s3cr3t@proxy:1\"",
            "`proxy_url`",
            expect![[r#"
                [folder]/cloakroom.toml, line 13: [buckets.b]: `proxy_url` is a secret, and secrets are never written into this file: name it as `proxy_url = { env = "NAME" }` or `proxy_url = { file = "PATH" }`
            "#]],
        ),
        (
            "allow_invalid_certificates = true",
            "`allow_invalid_certificates`",
            expect![[r#"
                [folder]/cloakroom.toml, line 13: [buckets.b]: `allow_invalid_certificates` lets anybody on the network path read and replace all objects, and is refused: trust the store's authority instead (SSL_CERT_FILE=authority.pem)
            "#]],
        ),
    ] {
        let opened = open(folder.path(), &storing(&format!("{s3}{setting}"))).await;
        says(opened, &["line 13", "[buckets.b]", key], &snapshot);
    }
    let place = BucketUrl::new("s3://b").with_setting("allow_invalid_certificates", "true");
    assert_eq!(place.open().unwrap_err().kind(), ErrorKind::Config);
    assert!(
        BucketUrl::new("s3://b").with_setting("allow_invalid_certificates", "false").open().is_ok()
    );
}

/// By default a driver may store and retrieve, and destroy nothing.
#[tokio::test]
async fn uses_of_a_bucket_are_granted_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let sent = vec![plain(noise(1000))];
    for (allow, is_fine) in [
        ("", true),
        ("allow = [\"read\", \"write\"]", true),
        ("allow = [\"read\", \"write\", \"overwrite\", \"remove\", \"list\"]", true),
        ("allow = [\"write\"]", false),
    ] {
        let config = storing(&format!("url = \"file:objects\"\n{allow}"));
        let cloakroom = open(folder.path(), &config).await.unwrap();
        let kept = cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
        let read = cloakroom.decode(&ctx(), kept.clone()).await;
        assert_eq!(read.is_ok(), is_fine, "{allow}");
        if let Err(error) = read {
            assert_text(
                &chain(&error),
                &["`read`"],
                &expect![[r#"
                    stage `storage d`, decoding payload 0, plugin `file`: bucket `[folder]/objects` was granted without `read`: add it, if the plugin is trusted with that (`buckets.NAME.allow`)
                "#]],
            );
        }
        // A damaged object is repaired: its key names what belongs there.
        let mut folders = vec![folder.path().join("objects")];
        while let Some(path) = folders.pop() {
            match fs::read_dir(&path) {
                Ok(entries) => folders.extend(entries.map(|entry| entry.unwrap().path())),
                Err(_) => fs::write(&path, "damaged").unwrap(),
            }
        }
        let again = cloakroom.encode(&ctx(), sent.clone()).await;
        assert!(again.is_ok(), "{allow}: {}", chain(&again.unwrap_err()));
    }
    let both = storing("url = \"file:objects\"\nread_only = true\nallow = [\"remove\"]");
    let opened = open(folder.path(), &both).await;
    says(
        opened,
        &["line 13", "`read_only`"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 13: [buckets.b]: `read_only` allows nothing that changes objects, and `allow` does: remove one of the two
        "#]],
    );
    let unknown = storing("url = \"file:objects\"\nallow = [\"delete\"]");
    let opened = open(folder.path(), &unknown).await;
    says(
        opened,
        &["line 12", "`remove`"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 12: unknown word, expected one of `read`, `write`, `overwrite`, `remove`, `list`
        "#]],
    );
}

#[tokio::test]
async fn a_folder_of_objects_is_its_users_alone() {
    let folder = tempfile::tempdir().unwrap();
    let objects = folder.path().join("objects");
    let config = storing("url = \"file:objects\"");
    open(folder.path(), &config).await.unwrap();
    assert_eq!(fs::metadata(&objects).unwrap().permissions().mode() & 0o777, 0o700);
    mode(&objects, 0o777);
    says(
        open(folder.path(), &config).await,
        &["chmod o-w"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 11: [buckets.b]: `file:objects`: everybody can write to folder `[folder]/objects`: run `chmod o-w` on it
        "#]],
    );
}

/// Objects that a grant no longer allows do not come from the cache.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_grant_is_not_read_around() {
    let folder = tempfile::tempdir().unwrap();
    let cached = |prefix: &str| {
        let bucket = format!("url = \"file:objects\"\nprefix = \"{prefix}\"");
        storing(&bucket).replace("cache.memory", "cache.folder = \"cache\"\ncache.memory")
    };
    let sent = vec![plain(noise(1000))];
    let cloakroom = open(folder.path(), &cached("v0/")).await.unwrap();
    let kept = cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
    // It is kept in the background.
    let is_kept = |entry: fs::DirEntry| entry.path().extension().is_none();
    let cache = folder.path().join("cache");
    let is_cached = || fs::read_dir(&cache).unwrap().any(|entry| is_kept(entry.unwrap()));
    wait_until("the object is in the cache", is_cached).await;
    fs::remove_dir_all(folder.path().join("objects/v0")).unwrap();
    let again = open(folder.path(), &cached("v0/")).await.unwrap();
    assert_eq!(again.decode(&ctx(), kept.clone()).await.unwrap(), sent, "not from the cache");
    let narrowed = open(folder.path(), &cached("v0/ns/other/")).await.unwrap();
    let error = narrowed.decode(&ctx(), kept).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{}", chain(&error));
}
