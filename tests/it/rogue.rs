//! One attack a line: each ends its own call with an error that names plugin and limit, and the next
//! call on the same codec works.

use std::time::Duration;

use cloakroom::{
    ByteSize, Codec as _, Error, ErrorKind, Limit,
    codec::Encoded,
    plugin::{Grants, Limits, PluginCodec, Reuse, Settings, Source},
};
use cloakroom_tests::{ROGUE, assert_text, chain, ctx, host, plain, rogue};
use expect_test::{Expect, expect};

use ErrorKind::{Denied, Failed, LimitExceeded, Malformed, Protocol, Trapped};

fn tight() -> Limits {
    Limits {
        memory: ByteSize::mib(8),
        time: Duration::from_secs(60),
        output: ByteSize::mib(8),
        handles: 64.try_into().unwrap(),
        log: ByteSize::kib(4),
        instances: 4.try_into().unwrap(),
        ..Limits::default()
    }
}

/// For attacks that nothing but the time ends.
fn brief() -> Limits {
    Limits { time: Duration::from_millis(400), ..tight() }
}

async fn attack(codec: &PluginCodec, name: &str) -> Result<Encoded, Error> {
    codec.encode(&ctx(), &plain(name.to_owned())).await
}

async fn works(codec: &PluginCodec) {
    let sent = plain("benign");
    let Ok(Encoded::Changed(encoded)) = codec.encode(&ctx(), &sent).await else {
        panic!("the next call did not work");
    };
    assert_eq!(codec.decode(&ctx(), encoded).await.unwrap(), sent);
}

/// Name of an attack, kind of its error, and the error's text.
struct Attack(&'static str, ErrorKind, Expect);

/// Attacks on the time.
const ENDLESS: [Attack; 3] = [
    Attack(
        "loop",
        LimitExceeded(Limit::Time),
        expect![[r#"
            plugin `rogue`: took longer than 400ms (`Limits::time`)
        "#]],
    ),
    Attack(
        "loop-in-host-calls",
        LimitExceeded(Limit::Time),
        expect![[r#"
            plugin `rogue`: took longer than 400ms (`Limits::time`)
        "#]],
    ),
    Attack(
        "random-forever",
        LimitExceeded(Limit::Time),
        expect![[r#"
            plugin `rogue`: took longer than 400ms (`Limits::time`)
        "#]],
    ),
];

const ATTACKS: [Attack; 25] = [
    Attack(
        "memory",
        LimitExceeded(Limit::Memory),
        expect![[r#"
            plugin `rogue`: wanted more than 8MiB of memory (`Limits::memory`)
        "#]],
    ),
    Attack(
        "memory-slowly",
        LimitExceeded(Limit::Memory),
        expect![[r#"
            plugin `rogue`: wanted more than 8MiB of memory (`Limits::memory`)
        "#]],
    ),
    Attack(
        "recursion",
        Trapped,
        expect![[r#"
            plugin `rogue`: trapped: wasm trap: out of bounds memory access; its instance is gone, and a trace shows where it was (`Grants::with_trace`)
        "#]],
    ),
    Attack(
        "trap",
        Trapped,
        expect![[r#"
            plugin `rogue`: trapped: wasm trap: wasm `unreachable` instruction executed; its instance is gone, and a trace shows where it was (`Grants::with_trace`)
        "#]],
    ),
    Attack(
        "panic",
        Trapped,
        expect![[r#"
            plugin `rogue`: trapped: wasm trap: wasm `unreachable` instruction executed; its instance is gone, and a trace shows where it was (`Grants::with_trace`)
        "#]],
    ),
    Attack(
        "bogus-list",
        Protocol,
        expect![[r#"
            plugin `rogue`: broke the component model: list pointer/length out of bounds of memory
        "#]],
    ),
    Attack(
        "bogus-text",
        Protocol,
        expect![[r#"
            plugin `rogue`: broke the component model: string pointer/length out of bounds of memory
        "#]],
    ),
    Attack(
        "bogus-length",
        Protocol,
        expect![[r#"
            plugin `rogue`: broke the component model: list pointer/length out of bounds of memory
        "#]],
    ),
    Attack(
        "forged-handle",
        Protocol,
        expect![[r#"
            plugin `rogue`: broke the component model: unknown handle index ####
        "#]],
    ),
    Attack(
        "forged-kind",
        Protocol,
        expect![[r#"
            plugin `rogue`: broke the component model: handle index # used with the wrong type, expected guest-defined resource but found a different guest-defined resource
        "#]],
    ),
    Attack(
        "handles",
        LimitExceeded(Limit::Handles),
        expect![[r#"
            plugin `rogue`: held more than 64 handles (`Limits::handles`)
        "#]],
    ),
    Attack(
        "write-forever",
        LimitExceeded(Limit::Output),
        expect![[r#"
            plugin `rogue`: produced more than 8MiB in one call (`Limits::output`)
        "#]],
    ),
    Attack(
        "append-forever",
        LimitExceeded(Limit::Output),
        expect![[r#"
            plugin `rogue`: produced more than 8MiB in one call (`Limits::output`)
        "#]],
    ),
    Attack(
        "buffers-forever",
        LimitExceeded(Limit::Output),
        expect![[r#"
            plugin `rogue`: produced more than 8MiB in one call (`Limits::output`)
        "#]],
    ),
    Attack(
        "log-forever",
        LimitExceeded(Limit::Log),
        expect![[r#"
            plugin `rogue`: logged more than 4KiB in one call (`Limits::log`)
        "#]],
    ),
    Attack(
        "log-empty-forever",
        LimitExceeded(Limit::Log),
        expect![[r#"
            plugin `rogue`: logged more than 4KiB in one call (`Limits::log`)
        "#]],
    ),
    Attack(
        "too-much-random",
        Protocol,
        expect![[r#"
            plugin `rogue`: asked for more than 65,536 random bytes at once
        "#]],
    ),
    Attack(
        "undeclared-encoding",
        Protocol,
        expect![[r#"
            plugin `rogue`: wrote an encoding that it did not declare
        "#]],
    ),
    Attack(
        "no-encoding",
        Protocol,
        expect![[r#"
            plugin `rogue`: wrote an encoding that it did not declare
        "#]],
    ),
    Attack(
        "twin-names",
        Protocol,
        expect![[r#"
            plugin `rogue`: built a payload with two metadata entries of one name
        "#]],
    ),
    Attack(
        "bad-envelope",
        Malformed,
        expect![[r#"
        plugin `rogue`: not a payload message
    "#]],
    ),
    Attack(
        "long-error",
        Failed,
        expect![[r#"
            plugin `rogue`: the plugin gave up; its own words are not shown, since they could hold payload bytes: grant it the log to see them (`Grants::with_log`)
        "#]],
    ),
    Attack(
        "other-ring",
        Denied,
        expect![[r#"
            plugin `rogue`: a key ring that it asked for was not granted to this plugin; granted: `rogue`
        "#]],
    ),
    Attack(
        "other-subkeys",
        Denied,
        expect![[r#"
            plugin `rogue`: a key ring that it asked for was not granted to this plugin; granted: `rogue`
        "#]],
    ),
    Attack(
        "long-subkey",
        Protocol,
        expect![[r#"
            plugin `rogue`: asked for a subkey, or with a salt, of over 64 bytes
        "#]],
    ),
];

async fn check(codec: &PluginCodec, Attack(name, kind, snapshot): &Attack) {
    let error = attack(codec, name).await.map(drop).expect_err(name);
    assert_eq!(error.kind(), *kind, "{name}: {}", chain(&error));
    assert_eq!(error.plugin(), Some("rogue"), "{name}");
    let text = chain(&error);
    assert_text(&text, &[], snapshot);
    assert!(text.len() < 700 && !text.contains(['\n', '\u{1b}']), "{name}: {text}");
    works(codec).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attack_ends_its_own_call_on_fresh_instances() {
    for (limits, attacks) in [(brief(), &ENDLESS[..]), (tight(), &ATTACKS[..])] {
        let codec = rogue(&host(limits), ROGUE, Reuse::Fresh).await;
        for case in attacks {
            check(&codec, case).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attack_ends_its_own_call_on_warm_instances() {
    for (limits, attacks) in [(brief(), &ENDLESS[..]), (tight(), &ATTACKS[..])] {
        let codec = rogue(&host(limits), ROGUE, Reuse::Warm).await;
        for case in attacks {
            works(&codec).await;
            check(&codec, case).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_of_an_earlier_call_is_no_answer() {
    let codec = rogue(&host(tight()), ROGUE, Reuse::Warm).await;
    for again in ["answer-with-kept", "answer-with-kept-among-decoys", "read-kept"] {
        attack(&codec, "keep").await.unwrap();
        let error = attack(&codec, again).await.map(drop).expect_err(again);
        assert_eq!(error.kind(), Protocol, "{again}: {}", chain(&error));
        assert_text(
            &chain(&error),
            &[],
            &expect![[r#"
                plugin `rogue`: used a handle that is not of this call
            "#]],
        );
        works(&codec).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn letting_go_late_is_no_fault() {
    let codec = rogue(&host(tight()), ROGUE, Reuse::Warm).await;
    attack(&codec, "keep").await.unwrap();
    attack(&codec, "drop-kept").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_between_calls_unless_asked_for() {
    let codec = rogue(&host(tight()), ROGUE, Reuse::Fresh).await;
    attack(&codec, "keep").await.unwrap();
    let kept = attack(&codec, "answer-with-kept").await.unwrap();
    assert!(matches!(kept, Encoded::Unchanged));
}

#[tokio::test(flavor = "multi_thread")]
async fn stuck_instances_give_their_places_back() {
    let codec = rogue(&host(brief()), ROGUE, Reuse::Fresh).await;
    // Four times as many as there are places. Each has its own time, however many there are.
    let stuck = futures::future::join_all((0..16).map(|_| attack(&codec, "loop"))).await;
    for result in stuck {
        let error = result.map(drop).unwrap_err();
        assert_eq!(error.kind(), LimitExceeded(Limit::Time), "{}", chain(&error));
    }
    works(&codec).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_is_input_too() {
    let host = host(brief());
    let grants = Grants::for_inspection();
    let plugin = host.load(Source::bytes("rogue", ROGUE), grants).await.unwrap();
    for (lie, kind, fact, snapshot) in [
        (
            "nothing",
            Protocol,
            "",
            expect![[r#"
                plugin `rogue`: describes itself without an encoding, so nothing it wrote could be read
            "#]],
        ),
        (
            "too-much",
            Protocol,
            "32",
            expect![[r#"
            plugin `rogue`: names more than 32 encodings
        "#]],
        ),
        (
            "unprintable",
            Protocol,
            "",
            expect![[r#"
                plugin `rogue`: names an encoding that is not 1 to 128 visible ASCII characters
            "#]],
        ),
        (
            "loop",
            LimitExceeded(Limit::Time),
            "400ms",
            expect![[r#"
                plugin `rogue`: took longer than 400ms (`Limits::time`)
            "#]],
        ),
        (
            "refuse",
            ErrorKind::Config,
            "no such  thing",
            expect![[r#"
            plugin `rogue`: no such  thing
        "#]],
        ),
    ] {
        let settings = Settings::none().with_setting("describe", lie);
        let error = plugin.codec(settings, Reuse::Fresh).await.map(drop).expect_err(lie);
        assert_eq!(error.kind(), kind, "{lie}: {}", chain(&error));
        assert_text(&chain(&error), &[fact], &snapshot);
    }
    assert!(plugin.codec(Settings::none(), Reuse::Fresh).await.is_ok());
}
