//! Limits of one stage or one driver, below those of the host.

use std::{fs, num::NonZeroUsize, time::Duration};

use cloakroom::{
    ByteSize, Cloakroom, CloakroomBuilder, Codec as _, Context, Error, ErrorKind, Limit,
    codec::Encoded,
    plugin::{Limits, OwnLimits, PluginCodec, Reuse, Settings, Source},
};
use cloakroom_tests::{
    REVERSE, ROGUE, ROGUE_DRIVER, assert_text, chain, compile_cache, host, plain, rogue_grants,
};
use expect_test::{Expect, expect};

/// The rogue, whose host lets it run for an hour with a GiB: whatever ends it is its own limit.
async fn rogue(own: OwnLimits) -> PluginCodec {
    let hour = Duration::from_secs(3600);
    let limits = Limits {
        memory: ByteSize::mib(1024),
        time: hour,
        driver_time: hour,
        wait: hour,
        output: ByteSize::mib(512),
        log: ByteSize::mib(512),
        instances: 4.try_into().unwrap(),
        ..Limits::default()
    };
    let plugin = host(limits).load(Source::bytes("rogue", ROGUE), rogue_grants()).await.unwrap();
    let limited = plugin.with_limits(own).unwrap();
    limited.codec(Settings::none(), Reuse::Fresh).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_ended_by_its_own_limit() {
    let none = OwnLimits::default();
    let cases = [
        ("loop", OwnLimits { time: Some(Duration::from_millis(50)), ..none }, Limit::Time),
        ("memory", OwnLimits { memory: Some(ByteSize::mib(8)), ..none }, Limit::Memory),
        ("write-forever", OwnLimits { output: Some(ByteSize::mib(2)), ..none }, Limit::Output),
        ("handles", OwnLimits { handles: NonZeroUsize::new(8), ..none }, Limit::Handles),
        ("join-forever", OwnLimits { held: Some(ByteSize::mib(16)), ..none }, Limit::Held),
        ("log-forever", OwnLimits { log: Some(ByteSize::kib(1)), ..none }, Limit::Log),
    ];
    for (attack, own, limit) in cases {
        let codec = rogue(own).await;
        let error = codec.encode(&Context::none(), &plain(attack)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded(limit), "{attack}: {error}");
        assert!(error.to_string().contains("(`OwnLimits::"), "{attack}: {error}");
        let benign = codec.encode(&Context::none(), &plain("benign")).await.unwrap();
        assert!(matches!(benign, Encoded::Changed(_)), "{attack}");
    }
}

async fn open(text: &str) -> Result<Cloakroom, Error> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("reverse.wasm", REVERSE);
    write("rogue_driver.wasm", ROGUE_DRIVER);
    write("cloakroom.toml", text.as_bytes());
    let path = folder.path().join("cloakroom.toml");
    CloakroomBuilder::file(path).with_cache(compile_cache()).open().await
}

#[track_caller]
fn check(error: &Error, facts: &[&str], snapshot: &Expect) {
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert_text(&chain(error), facts, snapshot);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_above_the_hosts_is_refused_at_its_key() {
    let stage = |own: &str| format!("[[stage]]\nplugin = \"file:reverse.wasm\"\n{own}\n");
    let error = open(&stage("limits = { memory = \"65MiB\" }")).await.map(drop).unwrap_err();
    check(
        &error,
        &["line 3", "65MiB", "64MiB", "`limits.memory`"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 3, stage `reverse`, key `limits`: plugin `reverse` (`[folder]/reverse.wasm`): its own limit of memory is 65MiB, and no plugin of this host may have more than 64MiB: lower the one or raise the other (`limits = { memory = "SIZE" }`, `limits.memory`)
        "#]],
    );
    let error = open(&stage("limits = { memry = \"1MiB\" }")).await.map(drop).unwrap_err();
    check(
        &error,
        &["line 3", "`memory`"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 3: unknown key `memry`; did you mean `memory`?
        "#]],
    );
    let driver = "[storage]\ntime = \"10s\"\n[[storage.driver]]\nname = \"d\"\n\
                  plugin = \"file:rogue_driver.wasm\"\ngrants.buckets = [\"b\"]\n\
                  limits = { time = \"11s\" }\n[buckets.b]\nurl = \"memory:b\"\n";
    let error = open(driver).await.map(drop).unwrap_err();
    check(
        &error,
        &["line 7", "11s", "10s", "`storage.time`"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 7, driver `d`, key `limits`: plugin `rogue_driver` (`[folder]/rogue_driver.wasm`): its own limit of time is 11s, and no plugin of this host may have more than 10s: lower the one or raise the other (`limits = { time = "TIME" }`, `storage.time`)
        "#]],
    );
    let fits = driver.replace("11s", "10s");
    assert!(open(&fits).await.is_ok());
}

/// A driver that never answers is ended by the limit in its entry, and the error names the key to raise.
#[tokio::test(flavor = "multi_thread")]
async fn a_driver_is_ended_by_its_own_time() {
    let text = "[storage]\nthreshold = \"0B\"\ntime = \"1h\"\n[[storage.driver]]\nname = \"d\"\n\
                plugin = \"file:rogue_driver.wasm\"\nsettings = { act = \"spin\" }\n\
                grants.buckets = [\"b\"]\nlimits = { time = \"50ms\" }\n\
                [buckets.b]\nurl = \"memory:b\"\n";
    let cloakroom = open(text).await.unwrap();
    let error = cloakroom.encode(&Context::none(), vec![plain("x")]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Time), "{error}");
    assert_text(
        &chain(&error),
        &["50ms", "limits = { time"],
        &expect![[r#"
            stage `storage d`, encoding payload 0, plugin `rogue_driver`: took longer than 50ms (`limits = { time = "TIME" }`)
        "#]],
    );
}
