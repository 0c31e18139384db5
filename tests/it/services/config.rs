//! `[services]` in a configuration: grants by name, secrets by file, and what is refused.

use std::{fs, path::Path};

use cloakroom::{Cloakroom, CloakroomBuilder, inspect::StoreRow};
use cloakroom_tests::compile_cache;

use super::*;

fn text(url: &str, more: &str) -> String {
    format!(
        r#"
        [storage]
        threshold = "1KiB"
        cache.memory = "0B"
        [[storage.driver]]
        name = "http"
        plugin = "file:driver.wasm"
        grants.services = ["store"]
        [services.store]
        url = "{url}"
        headers.authorization = {{ file = "token", prefix = "Bearer " }}
        headers.x-tenant = "acme"
        {more}
        "#
    )
}

fn builder(folder: &Path, text: &str) -> CloakroomBuilder {
    fs::write(folder.join("driver.wasm"), ROGUE_HTTP).unwrap();
    fs::write(folder.join("cloakroom.toml"), text).unwrap();
    CloakroomBuilder::file(folder.join("cloakroom.toml")).with_cache(compile_cache())
}

fn write_token(folder: &Path, token: &str) {
    fs::write(folder.join("token"), format!("{token}\n")).unwrap();
}

async fn stores(cloakroom: &Cloakroom) -> Result<(), Error> {
    let sent = vec![plain(noise(3000))];
    let stored = cloakroom.encode(&ctx(), sent.clone()).await?;
    assert_eq!(cloakroom.decode(&ctx(), stored).await?, sent);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_is_granted_a_service_by_name() {
    let (server, folder) = (Server::objects(TOKEN).await, tempfile::tempdir().unwrap());
    write_token(folder.path(), TOKEN);
    let builder = builder(folder.path(), &text(&server.url(), "timeout = \"60s\""));
    let rows = builder.clone().check().await.map_err(|error| chain(&error)).unwrap().stores().await;
    assert!(!rows.is_empty() && !rows.iter().any(StoreRow::is_failure), "{rows:?}");
    let cloakroom = builder.open().await;
    stores(&cloakroom.map_err(|error| chain(&error)).unwrap()).await.unwrap();
    assert!(server.asked().iter().all(|asked| asked.contains("x-tenant: acme\r\n")));
}

/// The watch sees a token's file; here the reload is asked for, so that nothing depends on time.
#[tokio::test(flavor = "multi_thread")]
async fn a_reload_takes_a_changed_token() {
    let (server, folder) = (Server::objects(TOKEN).await, tempfile::tempdir().unwrap());
    write_token(folder.path(), "the-token-of-yesterday");
    let cloakroom = builder(folder.path(), &text(&server.url(), "")).open().await.unwrap();
    let error = stores(&cloakroom).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{}", chain(&error));
    assert!(error.report().contains("HTTP 401"), "{}", error.report());
    let connections = server.connections();
    cloakroom.reload().await.unwrap();
    stores(&cloakroom).await.unwrap_err();
    assert_eq!(server.connections(), connections, "an unchanged service keeps its connections");
    write_token(folder.path(), TOKEN);
    cloakroom.reload().await.unwrap();
    stores(&cloakroom).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_token_file_is_noticed() {
    let (server, folder) = (Server::objects(TOKEN).await, tempfile::tempdir().unwrap());
    write_token(folder.path(), "the-token-of-yesterday");
    let cloakroom = builder(folder.path(), &text(&server.url(), "")).open().await.unwrap();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let _watch = cloakroom.watch(Duration::from_millis(10), move |reloaded| {
        let _ = tell.send(reloaded);
    });
    write_token(folder.path(), TOKEN);
    told.recv().await.unwrap().unwrap();
    stores(&cloakroom).await.unwrap();
}

/// Parts of the valid text, invalid replacements, facts in the error, and the error.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    write_token(folder.path(), TOKEN);
    fs::write(folder.path().join("short"), "abc\n").unwrap();
    for (part, replacement, snapshot) in [
        (
            "[\"store\"]",
            "[\"stoer\"]",
            expect![[r#"
                [folder]/cloakroom.toml, line 8: storage driver `http`: grants.services names `stoer`, and there is no such service; did you mean `store`?
            "#]],
        ),
        (
            "{ file = \"token\", prefix = \"Bearer \" }",
            "\"Bearer s3cr3t-token\"",
            expect![[r#"
                [folder]/cloakroom.toml, line 11: [services.store] `headers.authorization` is a secret, and secrets are never written into this file: name it as { env = "NAME" } or { file = "PATH" }
            "#]],
        ),
        (
            "file = \"token\"",
            "file = \"short\"",
            expect![[r#"
                [folder]/cloakroom.toml, line 10: [services.store]: the header `authorization`: its secret is shorter than 8 bytes, so that responses could hold it by chance
            "#]],
        ),
        (
            "file = \"token\"",
            "env = \"CLOAKROOM_TEST_NO_SUCH_TOKEN\"",
            expect![[r#"
                [folder]/cloakroom.toml, line 11: [services.store] `headers.authorization`: the environment has no variable `CLOAKROOM_TEST_NO_SUCH_TOKEN`
            "#]],
        ),
        (
            "http://127.0.0.1:9/",
            "127.0.0.1:9",
            expect![[r#"
                [folder]/cloakroom.toml, line 10: [services.store]: is not a URL such as https://store.example/v1/
            "#]],
        ),
        (
            "headers.x-tenant",
            "headers.host",
            expect![[r#"
                [folder]/cloakroom.toml, line 10: [services.store]: the header `host` belongs to the connection, or is no header's name
            "#]],
        ),
        (
            "headers.x-tenant = \"acme\"",
            "certificate = { file = \"c\" }",
            expect![[r#"
                [folder]/cloakroom.toml, line 12: [services.store]: `certificate` and `key` need each other
            "#]],
        ),
        (
            "headers.x-tenant = \"acme\"",
            "ca = { file = \"token\" }",
            expect![[r#"
                [folder]/cloakroom.toml, line 10: [services.store]: the authorities are not certificates in PEM
            "#]],
        ),
        (
            "headers.x-tenant = \"acme\"",
            "time_out = \"5s\"",
            expect![[r#"
                [folder]/cloakroom.toml, line 12: unknown key `time_out`; did you mean `timeout`?
            "#]],
        ),
        (
            "http://127.0.0.1:9/",
            "native:brought",
            expect![[r#"
                [folder]/cloakroom.toml, line 10: [services.store]: no service `brought` was given in the program
            "#]],
        ),
    ] {
        let valid = text("http://127.0.0.1:9/", "");
        assert!(valid.contains(part), "{part}");
        let opened = builder(folder.path(), &valid.replace(part, replacement)).open().await;
        let error = opened.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{}", chain(&error));
        assert!(!chain(&error).contains("s3cr3t"), "{}", chain(&error));
        assert_text(&chain(&error), &["cloakroom.toml, line "], &snapshot);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_of_the_program_takes_the_place_of_a_url() {
    let (server, folder) = (Server::objects(TOKEN).await, tempfile::tempdir().unwrap());
    let ours = service(&server.url()).build().unwrap();
    let text = text("native:ours", "").replace("headers.", "# ");
    let builder = builder(folder.path(), &text).with_service("ours", Arc::new(ours));
    stores(&builder.open().await.unwrap()).await.unwrap();
}

/// Whoever is on the way of a plain connection reads the token.
#[tokio::test(flavor = "multi_thread")]
async fn plain_http_to_another_machine_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    write_token(folder.path(), TOKEN);
    for (url, warns) in [("http://store.example/", true), ("http://127.0.0.1:9/", false)] {
        let check = builder(folder.path(), &text(url, "")).check().await.unwrap();
        let warned = check.report().warnings.iter().any(|text| text.contains("[services.store]"));
        assert_eq!(warned, warns, "{url}");
    }
}
