//! Reloads that hang or fail: bounded, ended by newer ones, and never in the way of what is taken away.

use std::{fs, path::Path, time::Duration};

use cloakroom::{
    Cloakroom, CloakroomBuilder, ErrorKind, Limit,
    plugin::{Grants, Limits, Reuse, Settings, Source},
    temporal::server,
};
use cloakroom_tests::{
    KEY, ROGUE_WASIP2, assert_text, chain, compile_cache, ctx, host, plain, rogue_grants,
    text as compressible,
};
use expect_test::expect;
use futures::future::poll_immediate;
use metrics_util::debugging::DebugValue;

use crate::metrics::{record, recorded};

const GOOD: &str = "[[stage]]\nplugin = \"bundled:zlib\"\n";

/// A stage whose plugin waits for a timer while it is instantiated, for as long as it may.
fn hangs(limits: &str) -> String {
    format!(
        r#"
        [[stage]]
        plugin = "file:rogue.wasm"
        settings = {{ start = "sleep" }}
        grants = {{ keys = ["k"], subkeys = ["k"], tcp = ["127.0.0.1:9"] }}
        [keys.k]
        current = "1"
        material = {{ "1" = {{ file = "key" }} }}
        [limits]
        {limits}
        "#
    )
}

/// So long that nothing but a load's time, or another reload, ends it.
const FOR_EVER: &str = "time = \"100h\"\nwait = \"200h\"\nload = \"100h\"";

fn write(folder: &Path, text: &str) {
    fs::write(folder.join("cloakroom.toml"), text).unwrap();
}

async fn open(folder: &Path) -> Cloakroom {
    fs::write(folder.join("rogue.wasm"), ROGUE_WASIP2).unwrap();
    fs::write(folder.join("key"), KEY).unwrap();
    write(folder, GOOD);
    let opening = CloakroomBuilder::file(folder.join("cloakroom.toml")).with_cache(compile_cache());
    opening.open().await.map_err(|error| chain(&error)).unwrap()
}

/// The pipeline that compresses still serves.
async fn serves(cloakroom: &Cloakroom) {
    let sent = vec![plain(compressible(10_000))];
    let encoded = cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(encoded[0].encoding(), Some("binary/zlib"));
    assert_eq!(cloakroom.decode(&ctx(), encoded).await.unwrap(), sent);
}

/// Waits until the reload has read its file and its guest has begun.
async fn hang(
    cloakroom: &Cloakroom,
    folder: &Path,
) -> tokio::task::JoinHandle<Result<(), cloakroom::Error>> {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    cloakroom.on_codec_server(move |said| {
        let _ = tell.send(said);
    });
    write(folder, &hangs(FOR_EVER));
    let reloading = tokio::spawn({
        let cloakroom = cloakroom.clone();
        async move { cloakroom.reload().await }
    });
    told.recv().await.unwrap().unwrap();
    reloading
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_never_starts_is_refused_at_its_time() {
    let limits = Limits { time: Duration::from_millis(400), ..Limits::default() };
    let host = host(limits);
    let source = Source::bytes("rogue", ROGUE_WASIP2);
    let plugin = host.load(source, rogue_grants()).await.map_err(|error| chain(&error)).unwrap();
    for (start, snapshot) in [
        (
            "sleep",
            expect![[r#"
                plugin `rogue`: took longer than 400ms (`Limits::time`)
            "#]],
        ),
        (
            "loop",
            expect![[r#"
                plugin `rogue`: took longer than 400ms (`Limits::time`)
            "#]],
        ),
    ] {
        let settings = Settings::none().with_setting("start", start);
        let error = plugin.codec(settings, Reuse::Fresh).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Time), "{}", chain(&error));
        assert_text(&chain(&error), &["400ms"], &snapshot);
    }
    plugin.codec(Settings::none(), Reuse::Fresh).await.unwrap();
    host.load(cloakroom::plugin::bundled("zlib").unwrap(), Grants::none()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_one_serves_after_a_plugin_that_never_starts() {
    let folder = tempfile::tempdir().unwrap();
    let cloakroom = open(folder.path()).await;
    for (limits, kind, snapshot) in [
        (
            "time = \"400ms\"",
            ErrorKind::LimitExceeded(Limit::Time),
            expect![[r#"
                [folder]/cloakroom.toml, line 3, stage `rogue`, key `plugin`: plugin `rogue` (`[folder]/rogue.wasm`): took longer than 400ms (`limits.time`)
            "#]],
        ),
        (
            "time = \"100h\"\nwait = \"200h\"\nload = \"2s\"",
            ErrorKind::Busy,
            expect![[r#"
                [folder]/cloakroom.toml: loading did not end within 2s (`limits.load`); it was at plugin `rogue`: try again when the machine has less to do, or raise the limit if this plugin or file needs so long
            "#]],
        ),
    ] {
        write(folder.path(), &hangs(limits));
        let error = cloakroom.reload().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{}", chain(&error));
        assert_text(&chain(&error), &["`rogue`"], &snapshot);
        serves(&cloakroom).await;
    }
    write(folder.path(), GOOD);
    cloakroom.reload().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_reload_ends_one_that_hangs() {
    let folder = tempfile::tempdir().unwrap();
    let cloakroom = open(folder.path()).await;
    let hanging = hang(&cloakroom, folder.path()).await;
    serves(&cloakroom).await;
    write(folder.path(), GOOD);
    cloakroom.reload().await.map_err(|error| chain(&error)).unwrap();
    let error = hanging.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{}", chain(&error));
    assert_text(
        &chain(&error),
        &[],
        &expect![[r#"
            a newer reload began before this one ended, and took its place
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_that_is_dropped_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let cloakroom = open(folder.path()).await;
    write(folder.path(), &hangs(FOR_EVER));
    let mut reload = Box::pin(cloakroom.reload());
    assert!(poll_immediate(&mut reload).await.is_none());
    drop(reload);
    let hanging = hang(&cloakroom, folder.path()).await;
    hanging.abort();
    write(folder.path(), GOOD);
    cloakroom.reload().await.unwrap();
    serves(&cloakroom).await;
}

/// A revoked token must not wait for a plugin.
#[tokio::test(flavor = "multi_thread")]
async fn the_codec_server_hears_of_its_settings_before_plugins_load() {
    let folder = tempfile::tempdir().unwrap();
    let cloakroom = open(folder.path()).await;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    cloakroom.on_codec_server(move |said| {
        let _ = tell.send(said.map(|(_, settings): (_, server::ServerSettings)| settings.origins));
    });
    let server = "[codec_server]\norigins = [\"https://one.example\"]\n";
    write(folder.path(), &format!("{}{server}", hangs(FOR_EVER)));
    let hanging = tokio::spawn({
        let cloakroom = cloakroom.clone();
        async move { cloakroom.reload().await }
    });
    assert_eq!(told.recv().await.unwrap().unwrap(), ["https://one.example"]);
    hanging.abort();
    // Nor for one that does not load at all, and nothing is heard of what cannot be parsed.
    for (text, heard) in [
        ("[[stage]".to_owned(), None),
        (format!("[[stage]]\nplugin = \"file:gone.wasm\"\n{server}"), Some(1)),
    ] {
        write(folder.path(), &text);
        cloakroom.reload().await.unwrap_err();
        assert_eq!(told.try_recv().ok().map(|said| said.unwrap().len()), heard, "{text}");
    }
}

/// On one thread, since the recorder is that of this thread.
#[tokio::test(flavor = "current_thread")]
async fn a_reload_that_fails_shows_until_one_succeeds() {
    let snapshotter = record();
    let folder = tempfile::tempdir().unwrap();
    let cloakroom = open(folder.path()).await;
    let failing = || {
        let all = recorded(&snapshotter);
        let found = all.into_iter().find(|(name, _)| name == "cloakroom_reload_failing{}");
        match found.unwrap().1 {
            DebugValue::Gauge(value) => value.into_inner(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(failing(), 0.0);
    write(folder.path(), "[[stage]");
    for _ in 0..2 {
        cloakroom.reload().await.unwrap_err();
        assert_eq!(failing(), 1.0);
    }
    write(folder.path(), GOOD);
    cloakroom.reload().await.unwrap();
    assert_eq!(failing(), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_without_end_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cloakroom.toml");
    for (what, bytes, snapshot) in [
        (
            "long",
            "# \n".repeat(400_000),
            expect![[r#"
                `[folder]/cloakroom.toml` is larger than 1 MiB, so it is hardly a configuration: correct the path
            "#]],
        ),
        (
            "text",
            "\0".repeat(2 << 20),
            expect![[r#"
                `[folder]/cloakroom.toml` is larger than 1 MiB, so it is hardly a configuration: correct the path
            "#]],
        ),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = CloakroomBuilder::file(&path).open().await.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{what}");
        assert_text(&chain(&error), &["1 MiB"], &snapshot);
    }
}

/// A pipe that nobody writes to, in the place of a disk that hangs.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_system_that_does_not_answer_is_waited_for_no_longer_than_a_load() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("cloakroom.toml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let host = host(Limits { load: Duration::from_millis(300), ..Limits::default() });
    let error = CloakroomBuilder::file(&pipe).with_host(&host).open().await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{}", chain(&error));
    assert_text(
        &chain(&error),
        &["300ms"],
        &expect![[r#"
            loading did not end within 300ms (`limits.load`); it was at the configuration's file: try again when the machine has less to do, or raise the limit if this plugin or file needs so long
        "#]],
    );
    // Lets the thread go that waits for the pipe.
    drop(fs::OpenOptions::new().write(true).open(&pipe).unwrap());
}
