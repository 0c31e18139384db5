//! Metrics that an embedder's recorder receives.

use std::time::Duration;

use cloakroom::{
    Context, ErrorKind, Stage, metric,
    pipeline::{Budget, Kind, SizeLabels, SizeMeter, Verdict},
    plugin::{Limits, Reuse},
};
use cloakroom_temporal::{Adapter, SizeLimits};
use cloakroom_tests::{ROGUE, assert_text, ctx, host, noise, plain, rogue};
use expect_test::expect;
use futures::future::{join_all, poll_immediate};
use metrics_util::{
    CompositeKey,
    debugging::{DebugValue, DebuggingRecorder, Snapshotter},
};

use crate::{
    secrets::Log,
    worker::{in_folder, opening},
};

/// Records on this thread alone, while it lives.
pub(crate) fn record() -> Snapshotter {
    let recorder = Box::leak(Box::new(DebuggingRecorder::new()));
    // The guard takes the recorder away with the thread, which is the test's own.
    std::mem::forget(metrics::set_default_local_recorder(recorder));
    recorder.snapshotter()
}

/// A metric's name and labels, as Prometheus writes them.
fn written(key: &CompositeKey) -> String {
    let key = key.key();
    let labels: Vec<_> =
        key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
    format!("{}{{{}}}", key.name(), labels.join(","))
}

pub(crate) fn recorded(snapshotter: &Snapshotter) -> Vec<(String, DebugValue)> {
    let all = snapshotter.snapshot().into_vec().into_iter();
    all.map(|(key, _, _, value)| (written(&key), value)).collect()
}

#[track_caller]
fn find<'a>(all: &'a [(String, DebugValue)], name: &str) -> &'a DebugValue {
    let found = all.iter().find(|(written, _)| written == name);
    &found.unwrap_or_else(|| panic!("no {name} in {all:#?}")).1
}

/// On one thread, since the recorder is that of this thread.
#[tokio::test(flavor = "current_thread")]
async fn each_call_of_a_stage_and_a_driver_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let storage = in_folder("local", folder.path());
    let storage = storage.replace("[storage]", "[storage]\ncache.memory = \"0B\"");
    let cloakroom = opening(&storage).open().await.unwrap();
    let snapshotter = record();
    let sent = plain(noise(300_000));
    let encoded = cloakroom.encode(&ctx(), vec![sent.clone()]).await.unwrap();
    let decoded = cloakroom.decode(&ctx(), encoded.clone()).await.unwrap();
    assert!(decoded == std::slice::from_ref(&sent));
    assert!(cloakroom.decode(&ctx(), vec![sent.clone()]).await.is_err());
    let mut forged = encoded[0].clone();
    forged.external_sizes = vec![-1];
    assert!(cloakroom.decode(&ctx(), vec![forged]).await.is_err());
    std::fs::remove_dir_all(folder.path().join("v0")).unwrap();
    assert!(cloakroom.decode(&ctx(), encoded).await.is_err());

    let all = recorded(&snapshotter);
    let size = sent.encoded_len() as u64;
    let stage = |metric: &str, name: &str, direction: &str| {
        format!("{metric}{{part=stage,name={name},direction={direction}}}")
    };
    let driver = |metric: &str, direction: &str, kind: &str| {
        format!("{metric}{{part=driver,name=local,direction={direction}{kind}}}")
    };
    let count = |name: String| match find(&all, &name) {
        DebugValue::Counter(count) => *count,
        other => panic!("{other:?}"),
    };
    assert_eq!(count(stage(metric::CALLS, "zstd", "encode")), 1);
    assert_eq!(count(stage(metric::BYTES_IN, "zstd", "encode")), size);
    // Noise does not get smaller, and so it left the stage as it was; nothing was there to decode.
    assert_eq!(count(stage(metric::BYTES_OUT, "zstd", "encode")), size);
    assert!(!all.iter().any(|(name, _)| *name == stage(metric::CALLS, "zstd", "decode")));
    // One was opened, and one arrived unsealed.
    assert_eq!(count(stage(metric::CALLS, "aes-gcm", "decode")), 2);
    let unsealed = "{part=stage,name=aes-gcm,direction=decode,kind=unsealed}";
    assert_eq!(count(format!("{}{unsealed}", metric::FAILURES)), 1);
    assert_eq!(count(stage(metric::BYTES_OUT, "aes-gcm", "decode")), size);
    assert_eq!(count(driver(metric::CALLS, "encode", "")), 1);
    assert_eq!(count(driver(metric::CALLS, "decode", "")), 3);
    let stored = count(driver(metric::BYTES_IN, "encode", ""));
    assert!(size < stored && stored < size + 500);
    assert_eq!(count(driver(metric::BYTES_OUT, "decode", "")), stored);
    assert_eq!(count(driver(metric::FAILURES, "decode", ",kind=not_found")), 1);
    assert_eq!(count(driver(metric::FAILURES, "decode", ",kind=corrupt")), 1);
    match find(&all, &driver(metric::SECONDS, "decode", "")) {
        DebugValue::Histogram(seconds) => assert!(seconds.len() == 3 && seconds[0].0 < 5.0),
        other => panic!("{other:?}"),
    }
}

/// Of an unknown driver, too large, or not what they claim: no stage and no driver was asked.
#[tokio::test(flavor = "current_thread")]
async fn failures_before_a_stage_are_counted_and_no_failure_is_counted_twice() {
    let folder = tempfile::tempdir().unwrap();
    let storage = in_folder("local", folder.path()) + "[limits]\npayload = \"1MiB\"\n";
    let cloakroom = opening(&storage).open().await.unwrap();
    let without = opening("").open().await.unwrap();
    let encoded = cloakroom.encode(&ctx(), vec![plain(noise(300_000))]).await.unwrap();
    let snapshotter = record();
    let kinds = [
        without.decode(&ctx(), encoded.clone()).await.unwrap_err().kind(),
        without.pipeline().decode_references(&ctx(), vec![plain("x")]).await.unwrap_err().kind(),
        cloakroom.encode(&ctx(), vec![plain(noise(2 << 20))]).await.unwrap_err().kind(),
    ];
    let mut renamed = encoded[0].clone();
    let text = String::from_utf8(renamed.data.to_vec()).unwrap();
    renamed.data = text.replace("\"local\"", "\"chosen-by-a-stranger\"").into();
    assert!(cloakroom.decode(&ctx(), vec![renamed.clone()]).await.is_err());
    assert!(cloakroom.decode(&ctx(), vec![renamed]).await.is_err());
    let limit = cloakroom::Limit::Payload;
    let expect = [ErrorKind::Unresolved, ErrorKind::Unsealed, ErrorKind::LimitExceeded(limit)];
    assert_eq!(kinds, expect);

    let failures = recorded(&snapshotter).into_iter().filter_map(|(name, value)| match value {
        DebugValue::Counter(count) if name.starts_with(metric::FAILURES) => Some((name, count)),
        _ => None,
    });
    let mut failures: Vec<_> = failures.collect();
    failures.sort();
    let name = |labels: &str| format!("{}{{{labels}}}", metric::FAILURES);
    let outside = "part=pipeline,name=pipeline,direction";
    assert_eq!(
        failures,
        [
            (name(&format!("{outside}=decode,kind=unresolved")), 3),
            (name(&format!("{outside}=encode,kind=limit_exceeded")), 1),
            (name("part=stage,name=aes-gcm,direction=decode,kind=unsealed"), 1),
        ]
    );
}

#[tokio::test(flavor = "current_thread")]
async fn probes_are_no_traffic() {
    let folder = tempfile::tempdir().unwrap();
    let cloakroom = opening(&in_folder("local", folder.path())).open().await.unwrap();
    let snapshotter = record();
    let (probe, sent) = (Context::probe(), vec![plain(noise(300_000))]);
    let encoded = cloakroom.encode(&probe, sent.clone()).await.unwrap();
    assert!(cloakroom.decode(&probe, encoded).await.unwrap() == sent);
    assert!(cloakroom.decode(&probe, sent).await.is_err());
    let all = recorded(&snapshotter);
    let counted: Vec<_> = all.iter().filter(|(name, _)| name.contains("_total")).collect();
    assert!(counted.is_empty(), "{counted:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn the_cache_of_objects_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let storage = in_folder("local", folder.path());
    let encoded = opening(&storage).open().await.unwrap();
    let encoded = encoded.encode(&ctx(), vec![plain(noise(300_000))]).await.unwrap();
    let cold = opening(&storage).open().await.unwrap();
    let snapshotter = record();
    for _ in 0..3 {
        cold.decode(&ctx(), encoded.clone()).await.unwrap();
    }
    let all = recorded(&snapshotter);
    for (result, expect) in [("hit", 2), ("miss", 1)] {
        let name = format!("{}{{result={result}}}", metric::OBJECT_CACHE);
        match find(&all, &name) {
            DebugValue::Counter(count) => assert_eq!(*count, expect, "{result}"),
            other => panic!("{other:?}"),
        }
    }
}

/// A program that embeds the library gets metrics of its reloads and of the build.
#[tokio::test(flavor = "current_thread")]
async fn reloads_are_counted_without_a_codec_server() {
    let snapshotter = record();
    let cloakroom = opening("").open().await.unwrap();
    cloakroom.reload().await.unwrap();
    cloakroom.replace(cloakroom::CloakroomBuilder::text("nonsense")).await.unwrap_err();
    let all = recorded(&snapshotter);
    for result in ["success", "failure"] {
        let name = format!("{}{{result={result}}}", metric::RELOADS);
        assert_eq!(*find(&all, &name), DebugValue::Counter(1), "{result}");
    }
    assert!(matches!(find(&all, &format!("{}{{}}", metric::LAST_RELOAD)), DebugValue::Gauge(_)));
    assert!(all.iter().any(|(name, _)| name.starts_with(metric::BUILD_INFO)));
}

#[tokio::test(flavor = "current_thread")]
async fn those_that_wait_for_their_first_turn_are_counted_while_they_do() {
    let long = Duration::from_secs(3600);
    let limits = Limits {
        instances: 1.try_into().unwrap(),
        computing: 1.try_into().unwrap(),
        time: long,
        wait: long,
        ..Limits::default()
    };
    let codec = rogue(&host(limits), ROGUE, Reuse::Fresh).await;
    let pipeline = cloakroom_tests::pipeline().with_stage(Stage::new("rogue", codec)).build();
    let (pipeline, ctx) = (pipeline.unwrap(), ctx());
    let snapshotter = record();
    // Each computes without end.
    let calls = (0..4).map(|_| pipeline.encode(&ctx, vec![plain("loop")]));
    let mut calls = Box::pin(join_all(calls));
    assert!(poll_immediate(&mut calls).await.is_none());
    let name = format!("{}{{part=stage}}", metric::WAITING);
    // A snapshot takes with it what it shows.
    let mut waiting = 0.0;
    let mut look = || {
        for (found, value) in recorded(&snapshotter) {
            match value {
                DebugValue::Gauge(value) if found == name => waiting += value.0,
                _ => {}
            }
        }
        waiting
    };
    while look() != 3.0 {
        tokio::task::yield_now().await;
    }
    drop(calls);
    assert_eq!(look(), 0.0);
}

fn ratios(snapshotter: &Snapshotter) -> Vec<(String, Vec<f64>)> {
    let mut found: Vec<_> = recorded(snapshotter)
        .into_iter()
        .filter_map(|(name, value)| match value {
            DebugValue::Histogram(values) if name.contains("_size_ratio") => {
                Some((name, values.iter().map(|value| value.0).collect()))
            }
            _ => None,
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

/// Every check is recorded, whatever its verdict, and none where there is no limit.
#[test]
fn how_much_of_a_budget_is_used() {
    let (scale, snapshotter) = (SizeMeter::new(metric::SIZES), record());
    let budget = Budget { max: 1000, percent: 95 };
    let workflow = SizeLabels { namespace: "n", workflow: "Pay", activity: None };
    let activity = SizeLabels { activity: Some("charge"), ..workflow };
    for (size, verdict) in [(500, Verdict::Fits), (950, Verdict::Fits), (951, Verdict::Stall)] {
        // The answer stays the same, however often it is asked for.
        assert_eq!(scale.weigh(budget, size, workflow), verdict);
        assert_eq!(scale.weigh(budget, size, activity), verdict);
    }
    assert_eq!(scale.weigh(Budget::NONE, u64::MAX, workflow), Verdict::Fits);
    assert_eq!(scale.weigh(Budget { max: -1, percent: 95 }, 7, activity), Verdict::Fits);
    let values = vec![0.5, 0.95, 0.951];
    let (one, other) = (
        "runtime_workflow_activity_payload_size_ratio{namespace=n,workflow_name=Pay,activity_name=charge}",
        "runtime_workflow_payload_size_ratio{namespace=n,workflow_name=Pay}",
    );
    assert_eq!(ratios(&snapshotter), [(one.into(), values.clone()), (other.into(), values)]);
}

/// Names are chosen by whoever starts workflows.
#[test]
fn names_do_not_grow_without_end() {
    let (scale, snapshotter) = (SizeMeter::new(metric::SIZES), record());
    for number in 0..1000 {
        let name = format!("workflow-{number}");
        let subject = SizeLabels { namespace: "n", workflow: &name, activity: None };
        let _ = scale.weigh(Budget { max: 1000, percent: 95 }, 1, subject);
    }
    let found = ratios(&snapshotter);
    assert_eq!(found.len(), 201);
    let other = found.iter().find(|(name, _)| name.contains("workflow_name=other")).unwrap();
    assert_eq!(other.1.len(), 800);
}

/// Temporal's limits: what is equal passes, and what is refused says what became of it.
#[tokio::test(flavor = "current_thread")]
async fn a_field_is_weighed_after_the_pipeline() {
    let cloakroom = opening("").open().await.unwrap();
    let snapshotter = record();
    let ctx = Context::namespace("n").with_target(Kind::Workflow, "w", "Pay", None);
    let field = vec![plain(noise(10_000)), plain(noise(20_000))];
    let encoded = cloakroom.encode(&ctx, field.clone()).await.unwrap();
    // Each payload with its tag and a length of two or three bytes.
    let weight: usize = encoded
        .iter()
        .map(|payload| payload.encoded_len() + if payload.encoded_len() < 16_384 { 3 } else { 4 })
        .sum();
    let adapter = |max: usize| {
        let field = Budget { max: max as i64, percent: 100 };
        Adapter::new(cloakroom.clone(), SizeLimits { field, ..SizeLimits::NONE })
    };
    assert_eq!(adapter(weight).encode(&ctx, field.clone()).await.unwrap().len(), 2);
    let refused = adapter(weight - 1).encode(&ctx, field.clone()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::LimitExceeded(cloakroom::Limit::Message));
    assert!(!refused.kind().is_transient());
    let says = refused.to_string();
    let before = field[1].encoded_len();
    let numbers = [weight, weight - 1, before, encoded[1].encoded_len()];
    let numbers = numbers.map(|number| number.to_string());
    let facts = numbers.each_ref().map(String::as_str);
    assert_text(
        &says,
        &[&facts[..], &["2 payloads", "payload 1"]].concat(),
        &expect![[r#"
            the field has 30,401 bytes in 2 payloads, but Temporal accepts 30,400 (TMPRL1103, PayloadsTooLarge, `Blob data size exceeds limit`): payload 1 had 20,028 bytes, 20,198 after aes-gcm; it was not stored, because there is no storage: add one (`[storage]`)
        "#]],
    );
    assert_eq!(adapter(0).encode(&ctx, field).await.unwrap().len(), 2);
    assert_eq!(adapter(1).encode(&ctx, Vec::new()).await.unwrap(), []);
    let (name, values) = ratios(&snapshotter).pop().unwrap();
    assert_eq!(name, "runtime_workflow_payload_size_ratio{namespace=n,workflow_name=Pay}");
    assert_eq!(values, [1.0, weight as f64 / (weight - 1) as f64]);
}

/// A payload over Temporal's limit fails after all stages. The failure is counted and logged too.
#[tokio::test(flavor = "current_thread")]
async fn what_temporal_refuses_is_counted_and_logged_once() {
    let cloakroom = opening("").open().await.unwrap();
    let limits = || SizeLimits { field: Budget { max: 10, percent: 100 }, ..SizeLimits::NONE };
    for (adapter, level) in [
        (Adapter::new(cloakroom.clone(), limits()), "WARN"),
        (Adapter::new(cloakroom.clone(), limits()).quiet(), "DEBUG"),
    ] {
        let (snapshotter, (log, _guard)) = (record(), Log::start());
        adapter.encode(&ctx(), vec![plain("\"hi\"")]).await.unwrap_err();
        let name = "{part=pipeline,name=pipeline,direction=encode,kind=limit_exceeded}";
        let name = format!("{}{name}", metric::FAILURES);
        assert_eq!(*find(&recorded(&snapshotter), &name), DebugValue::Counter(1));
        let text = log.text();
        let lines: Vec<_> = text.lines().filter(|line| line.contains("a call failed")).collect();
        let [line] = lines[..] else { panic!("{text}") };
        let says = [level, "kind=\"limit_exceeded\"", "[storage]"];
        assert!(says.iter().all(|part| line.contains(part)), "{line}");
    }
}
