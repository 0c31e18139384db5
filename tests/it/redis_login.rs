//! Redis with a password, over TLS, by name.

use std::{fs, path::Path};

use cloakroom::{Cloakroom, CloakroomBuilder, Context, Error, ErrorKind};
use cloakroom_tests::{
    chain, compile_cache, noise, plain,
    rigs::{Certificates, REDIS_PASSWORD, redis_with_tls},
};

/// A configuration whose driver asks Redis at `localhost` with `settings`.
fn config(folder: &Path, settings: &str, grants: &str) -> String {
    let (server, authority) = redis_with_tls();
    fs::write(folder.join("ca.pem"), authority.authority()).unwrap();
    fs::write(folder.join("stranger.pem"), Certificates::default().authority()).unwrap();
    fs::write(folder.join("password"), format!("{REDIS_PASSWORD}\n")).unwrap();
    fs::write(folder.join("wrong"), "canary-wrong").unwrap();
    let port = server.address().port();
    let text = format!(
        r#"
        [storage]
        threshold = "0B"
        cache.memory = "0B"

        [[storage.driver]]
        name = "redis"
        plugin = "bundled:redis"
        settings = {{ address = "localhost:PORT", {settings} }}
        {grants}

        [secrets]
        password = {{ file = "password" }}
        wrong = {{ file = "wrong" }}
        "#
    );
    text.replace("PORT", &port.to_string())
}

const TLS: &str = "grants.tcp = [{ to = \"localhost:PORT\", tls = true, ca = { file = \"ca.pem\" } }]\n\
                   grants.secrets = [\"password\", \"wrong\"]";

async fn open(settings: &str, grants: &str) -> Result<Cloakroom, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cloakroom.toml");
    fs::write(&path, config(folder.path(), settings, grants)).unwrap();
    CloakroomBuilder::file(path).with_cache(compile_cache()).open().await
}

/// Returns the error of loading, or of storing a payload.
async fn refused(settings: &str, grants: &str) -> (ErrorKind, String) {
    let error = match open(settings, grants).await {
        Ok(opened) => {
            let ctx = Context::namespace("n");
            opened.encode(&ctx, vec![plain("x")]).await.map(drop).unwrap_err()
        }
        Err(error) => error,
    };
    let text = chain(&error);
    assert!(!text.contains("canary"), "{text}");
    (error.kind(), text)
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_and_retrieves_with_a_password() {
    let alice = "user = \"alice\", password_secret = \"password\", prefix = \"alice\"";
    for settings in ["password_secret = \"password\"", alice] {
        let opened = open(settings, TLS).await.map_err(|error| chain(&error)).unwrap();
        let (ctx, sent) = (Context::namespace("n"), vec![plain(noise(1 << 20)), plain("small")]);
        let kept = opened.encode(&ctx, sent.clone()).await.unwrap();
        assert_eq!(opened.encode(&ctx, sent.clone()).await.unwrap(), kept, "not repeatable");
        assert_eq!(opened.decode(&ctx, kept).await.unwrap(), sent, "{settings}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_login_is_denied_and_shows_no_password() {
    for settings in [
        "password_secret = \"wrong\"",
        "user = \"alice\", password_secret = \"wrong\"",
        "user = \"nobody\", password_secret = \"password\"",
        // No password at all.
        "prefix = \"alice\"",
        // Alice may use no other keys.
        "user = \"alice\", password_secret = \"password\", prefix = \"bob\"",
    ] {
        let (kind, text) = refused(settings, TLS).await;
        assert_eq!(kind, ErrorKind::Denied, "{settings}: {text}");
        // With its own words, too.
        let (kind, text) = refused(settings, &format!("{TLS}\ngrants.log = true")).await;
        assert_eq!(kind, ErrorKind::Denied, "{settings}: {text}");
        assert!(text.contains("Redis "), "{settings}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_granted_is_named() {
    let login = "password_secret = \"password\"";
    let secret = "grants.secrets = [\"password\"]";
    let (kind, text) = refused(login, &format!("grants.tcp = [\"127.0.0.1:1\"]\n{secret}")).await;
    assert_eq!(kind, ErrorKind::Config, "{text}");
    assert!(text.contains("setting `address` names `localhost:"), "{text}");
    assert!(text.contains("granted: `127.0.0.1:1`"), "{text}");

    let (kind, text) = refused(login, &TLS.replace("ca.pem", "stranger.pem")).await;
    assert_eq!(kind, ErrorKind::Denied, "{text}");
    assert!(text.contains("UnknownIssuer"), "{text}");

    let (kind, text) = refused(login, "grants.tcp = [\"localhost:PORT\"]").await;
    assert_eq!(kind, ErrorKind::Config, "{text}");
    assert!(text.contains("setting `password_secret` names `password`"), "{text}");
    assert!(text.contains("add it to `grants.secrets`"), "{text}");

    // Redis closes what is no handshake.
    let plain = format!("grants.tcp = [\"localhost:PORT\"]\n{secret}");
    let (kind, text) = refused(login, &plain).await;
    assert_eq!(kind, ErrorKind::Unavailable, "{text}");
}
