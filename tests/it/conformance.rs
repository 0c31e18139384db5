//! The conformance suite: faulty plugins break the rule that their setting names, and no other.

mod buckets;
mod command;
mod made_up;
mod native;
mod page;
mod trace;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use cloakroom::{
    ByteSize,
    keys::{KeyMaterial, KeyRing, Ring},
    plugin::{Grants, Host, Limits, Plugin, Reuse, Settings, Source, Trace, TraceEvent},
    storage::{Bucket, BucketAccess, ObjectBucket},
};
use cloakroom_conformance::{CodecSuite, DriverSuite, Faults, Report, Verdict, WordSource};
use cloakroom_tests::{FAULTY, FAULTY_DRIVER, host};

/// The fault of a codec, and whether it is one of a cipher. Each breaks the rule of its name.
const CODEC_FAULTS: [(&str, bool); 17] = [
    ("description", false),
    ("description-stable", false),
    ("declared", false),
    ("round-trip", false),
    ("large", false),
    ("metadata", false),
    ("own-encoding", false),
    ("unknown-encoding", false),
    ("fresh", true),
    ("plaintext", true),
    ("truncated", true),
    ("flipped", true),
    ("swapped", true),
    ("garbage", true),
    ("wrong-key", true),
    ("limits", false),
    ("words", false),
];

/// The fault of a driver. Each breaks the rule of its name.
const DRIVER_FAULTS: [&str; 16] = [
    "round-trip",
    "large",
    "contexts",
    "same-claim",
    "distinct",
    "claim-strange",
    "claim-missing",
    "claim-forged",
    "claim-swapped",
    "gone",
    "limit",
    "cancelled",
    "failing",
    "denied",
    "lying",
    "words",
];

/// Rules that no plugin can break: the host is in the way. Native drivers break them.
const NATIVE_DRIVER_FAULTS: [&str; 3] = ["kind", "slow", "limits"];

/// A largest input that the faulty plugins know, and that takes little time.
const LARGEST: ByteSize = ByteSize::mib(1);

fn ring(id: &str, byte: u8) -> Arc<dyn KeyRing> {
    Arc::new(Ring::single(id, &KeyMaterial::new([byte; 32])).unwrap())
}

fn tight() -> Host {
    host(Limits { output: ByteSize::mib(1), held: ByteSize::mib(6), ..few() })
}

fn few() -> Limits {
    Limits { instances: 4.try_into().unwrap(), ..Limits::default() }
}

/// A trace that records what a plugin logs, and the source of it.
fn recorder() -> (Trace, WordSource) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let written = lines.clone();
    let trace = Trace::new(move |event| {
        if let TraceEvent::Line { text, .. } = event {
            written.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        }
    });
    let take = move || std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    (trace, Arc::new(take))
}

async fn load(host: &Host, wasm: &'static [u8], grants: Grants) -> Plugin {
    host.load(Source::bytes("faulty", wasm), grants).await.unwrap()
}

async fn check_codec(host: &Host, tight: &Host, fault: &str, is_cipher: bool) -> Report {
    let settings = Settings::none().with_setting("fault", fault).with_setting("cipher", is_cipher);
    let settings = settings.with_setting("ring", "x");
    let grants = |ring: Arc<dyn KeyRing>| Grants::none().with_keys("x", ring).with_log();
    let (trace, words) = recorder();
    let plugin = load(host, FAULTY, grants(ring("a", 7)).with_trace(trace)).await;
    let codec = async |plugin: &Plugin| {
        Arc::new(plugin.codec(settings.clone(), Reuse::Fresh).await.unwrap())
    };
    CodecSuite::new(codec(&plugin).await)
        .with_twin(codec(&plugin).await)
        .with_other_key(codec(&load(host, FAULTY, grants(ring("a", 9))).await).await)
        .with_missing_key(codec(&load(host, FAULTY, grants(ring("b", 9))).await).await)
        .with_tight_limits(codec(&load(tight, FAULTY, grants(ring("a", 7))).await).await)
        .with_words(words)
        .with_largest(LARGEST)
        .run()
        .await
}

async fn check_driver(host: &Host, tight: &Host, fault: &str) -> Report {
    let settings = Settings::none().with_setting("fault", fault).with_setting("bucket", "b");
    let faults = Faults::default();
    let memory: Arc<dyn Bucket> = Arc::new(ObjectBucket::memory("b"));
    let bucket: Arc<dyn Bucket> = Arc::new(faults.wrap(memory));
    let access = BucketAccess::whole().with_removing();
    let grants = Grants::none().with_bucket("b", bucket, access).with_log();
    let (trace, words) = recorder();
    let plugin = load(host, FAULTY_DRIVER, grants.clone().with_trace(trace)).await;
    let driver = async |plugin: &Plugin| {
        Arc::new(plugin.driver(settings.clone(), Reuse::Fresh).await.unwrap())
    };
    DriverSuite::new(driver(&plugin).await)
        .with_twin(driver(&plugin).await)
        .with_tight_limits(driver(&load(tight, FAULTY_DRIVER, grants).await).await)
        .with_faults(faults)
        .with_words(words)
        .with_largest(LARGEST)
        .run()
        .await
}

/// Checks that a report has one broken rule, or none, and that nothing else is missing than `not_run`.
#[track_caller]
fn breaks(report: &Report, rule: Option<&str>, not_run: &[&str]) {
    assert_eq!(report.failed_ids(), rule.into_iter().collect::<Vec<_>>(), "{rule:?}:\n{report}");
    let is_missing = |verdict: &Verdict| matches!(verdict, Verdict::NotRun { .. });
    let missing: Vec<_> = report
        .outcomes
        .iter()
        .filter(|outcome| is_missing(&outcome.verdict))
        .map(|outcome| outcome.rule.id)
        .collect();
    assert_eq!(missing, not_run, "{rule:?}:\n{report}");
}

/// Rules that concern ciphers alone.
const OF_CIPHERS: [&str; 4] = ["fresh", "plaintext", "swapped", "wrong-key"];

#[tokio::test(flavor = "multi_thread")]
async fn each_faulty_codec_breaks_its_rule() {
    let (host, tight) = (host(few()), tight());
    for is_cipher in [false, true] {
        let missing = if is_cipher { &[][..] } else { &OF_CIPHERS };
        breaks(&check_codec(&host, &tight, "", is_cipher).await, None, missing);
    }
    for (fault, is_cipher) in CODEC_FAULTS {
        let missing = if is_cipher { &[][..] } else { &OF_CIPHERS };
        breaks(&check_codec(&host, &tight, fault, is_cipher).await, Some(fault), missing);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_faulty_driver_breaks_its_rule() {
    let (host, tight) = (host(few()), tight());
    breaks(&check_driver(&host, &tight, "").await, None, &[]);
    for fault in DRIVER_FAULTS {
        breaks(&check_driver(&host, &tight, fault).await, Some(fault), &[]);
    }
}

#[test]
fn every_rule_has_a_fault_that_breaks_it() {
    let faults: BTreeSet<_> = CODEC_FAULTS.iter().map(|(fault, _)| *fault).collect();
    let rules: BTreeSet<_> = CodecSuite::rules().map(|rule| rule.id).collect();
    assert_eq!(faults, rules);
    let faults: BTreeSet<_> = DRIVER_FAULTS.into_iter().chain(NATIVE_DRIVER_FAULTS).collect();
    let rules: BTreeSet<_> = DriverSuite::rules().map(|rule| rule.id).collect();
    assert_eq!(faults, rules);
    buckets::every_rule_has_a_fault();
}
