//! One attack a line: each ends its own call with an error that names plugin and limit, and the next
//! call on the same codec works.

use std::time::Duration;

use cloakroom::{
    ByteSize, Codec as _, Error, ErrorKind, Limit,
    codec::Encoded,
    plugin::{Grants, Limits, PluginCodec, Reuse, Settings, Source},
};
use cloakroom_tests::{ROGUE, chain, ctx, host, plain, rogue};

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

/// Attacks on the time.
const ENDLESS: [(&str, ErrorKind, &str); 3] = [
    ("loop", LimitExceeded(Limit::Time), "longer than 400ms (`limits.time`)"),
    ("loop-in-host-calls", LimitExceeded(Limit::Time), "limits.time"),
    ("random-forever", LimitExceeded(Limit::Time), "limits.time"),
];

/// What is attacked, how it ends, and what the error must say.
const ATTACKS: [(&str, ErrorKind, &str); 25] = [
    ("memory", LimitExceeded(Limit::Memory), "limits.memory"),
    ("memory-slowly", LimitExceeded(Limit::Memory), "limits.memory"),
    ("recursion", Trapped, "trapped"),
    ("trap", Trapped, "its instance is gone"),
    ("panic", Trapped, "unreachable"),
    ("bogus-list", Protocol, "out of bounds"),
    ("bogus-text", Protocol, "out of bounds"),
    ("bogus-length", Protocol, "out of bounds"),
    ("forged-handle", Protocol, "handle"),
    ("forged-kind", Protocol, "handle"),
    ("handles", LimitExceeded(Limit::Handles), "64 handles (`limits.handles`)"),
    ("write-forever", LimitExceeded(Limit::Output), "limits.output"),
    ("append-forever", LimitExceeded(Limit::Output), "limits.output"),
    ("buffers-forever", LimitExceeded(Limit::Output), "limits.output"),
    ("log-forever", LimitExceeded(Limit::Log), "limits.log"),
    ("log-empty-forever", LimitExceeded(Limit::Log), "limits.log"),
    ("too-much-random", Protocol, "random"),
    ("undeclared-encoding", Protocol, "did not declare"),
    ("no-encoding", Protocol, "did not declare"),
    ("twin-names", Protocol, "two metadata entries"),
    ("bad-envelope", Malformed, "not a payload message"),
    ("long-error", Failed, "the plugin gave up"),
    ("other-ring", Denied, "not granted"),
    ("other-subkeys", Denied, "not granted"),
    ("long-subkey", Protocol, "64 bytes"),
];

async fn check(codec: &PluginCodec, (name, kind, says): (&str, ErrorKind, &str)) {
    let error = attack(codec, name).await.map(drop).expect_err(name);
    assert_eq!(error.kind(), kind, "{name}: {}", chain(&error));
    assert_eq!(error.plugin(), Some("rogue"), "{name}");
    let text = chain(&error);
    assert!(text.contains(says), "{name}: {text}");
    assert!(text.len() < 700 && !text.contains(['\n', '\u{1b}']), "{name}: {text}");
    works(codec).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attack_ends_its_own_call_on_fresh_instances() {
    for (limits, attacks) in [(brief(), &ENDLESS[..]), (tight(), &ATTACKS[..])] {
        let codec = rogue(&host(limits), ROGUE, Reuse::Fresh).await;
        for &case in attacks {
            check(&codec, case).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attack_ends_its_own_call_on_warm_instances() {
    for (limits, attacks) in [(brief(), &ENDLESS[..]), (tight(), &ATTACKS[..])] {
        let codec = rogue(&host(limits), ROGUE, Reuse::Warm).await;
        for &case in attacks {
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
        assert!(chain(&error).contains("not of this call"), "{}", chain(&error));
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
    let grants = Grants::nothing_behind();
    let plugin = host.load(Source::bytes("rogue", ROGUE), grants).await.unwrap();
    for (lie, kind, says) in [
        ("nothing", Protocol, "without an encoding"),
        ("too-much", Protocol, "more than 32"),
        ("unprintable", Protocol, "visible ASCII"),
        ("loop", LimitExceeded(Limit::Time), "longer than 400ms (`limits.time`)"),
        ("refuse", ErrorKind::Config, "no such  thing"),
    ] {
        let settings = Settings::none().set("describe", lie);
        let error = plugin.codec(settings, Reuse::Fresh).await.map(drop).expect_err(lie);
        assert_eq!(error.kind(), kind, "{lie}: {}", chain(&error));
        assert!(chain(&error).contains(says), "{lie}: {}", chain(&error));
    }
    assert!(plugin.codec(Settings::none(), Reuse::Fresh).await.is_ok());
}
