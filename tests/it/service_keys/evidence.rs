//! Audit lines and metrics of key services, without a key or a wrapped key.

use std::sync::Arc;

use cloakroom::keys::{DataKeys, KeyFailure, KeyRing as _};
use metrics_util::debugging::DebugValue;

use super::{Kek, file, open};
use crate::{
    metrics::{record, recorded},
    secrets::Log,
};

/// The ring of a file that was opened anew.
async fn rings(kek: &Arc<Kek>) -> DataKeys {
    open(&file("", ""), kek).await.unwrap().key_services().remove(0).1
}

/// On one thread, since recorder and log are that of this thread.
#[tokio::test(flavor = "current_thread")]
async fn each_unwrap_is_audited_and_counted_and_shows_no_wrapped_key() {
    let (log, _guard) = Log::start();
    let (kek, snapshotter) = (Kek::new(), record());
    let (writer, reader) = (rings(&kek).await, rings(&kek).await);
    // Not through a plugin, which may run on a thread of the host.
    let sealing = writer.current(Some("shop")).await.unwrap().unwrap();
    for _ in 0..3 {
        assert!(reader.find(sealing.id(), Some("shop")).await.unwrap().is_some());
    }
    kek.fail(Some(KeyFailure::Unavailable));
    assert!(writer.current(Some("new")).await.is_err());
    let text = log.text();
    let audited: Vec<_> =
        text.lines().filter(|line| line.contains("operation=\"unwrap\"")).collect();
    assert_eq!(audited.len(), 1, "{text}");
    for part in ["cloakroom::audit", "success", "test://kek", "payments", "shop"] {
        assert!(audited[0].contains(part), "{}", audited[0]);
    }
    assert!(text.contains("a key service fails"), "{text}");
    let all = recorded(&snapshotter);
    let count = |name: &str| {
        let found = all.iter().find(|(written, _)| written == name);
        match found {
            Some((_, DebugValue::Counter(count))) => *count,
            other => panic!("{name}: {other:?} in {all:#?}"),
        }
    };
    let requests = |operation: &str, outcome: &str| {
        count(&format!(
            "cloakroom_key_service_requests_total{{ring=payments,service=test://kek,\
             operation={operation},outcome={outcome}}}"
        ))
    };
    // Two are of the codecs' trials.
    assert_eq!((requests("wrap", "success"), requests("wrap", "unavailable")), (3, 1));
    assert_eq!(requests("unwrap", "success"), 1);
    let lookups = |result| {
        count(&format!("cloakroom_data_key_lookups_total{{ring=payments,result={result}}}"))
    };
    // A codec's trial may run on a thread of the host, whose look-ups are not recorded here.
    assert_eq!(lookups("miss"), 1);
    assert!(lookups("hit") >= 2);
    assert_eq!(count("cloakroom_data_keys_made_total{ring=payments}"), 3);
    let failing = "cloakroom_key_service_failing{ring=payments,service=test://kek}";
    assert!(all.iter().any(|(name, value)| {
        name == failing && matches!(value, DebugValue::Gauge(value) if value.0 == 1.0)
    }));
    let wrapped = sealing.id().rsplit('.').next().unwrap();
    assert!(!format!("{text}{all:?}").contains(wrapped));
}
