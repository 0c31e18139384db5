//! Namespaces in the report of `check`.

use cloakroom::inspect::{NamespaceReport, NamespaceStorageReport, Report};
use serde_json::{Value, json};

/// Returns a row for each namespace with settings of its own: name, mode, rings, storage and readers.
pub(crate) fn rows(report: &Report) -> Vec<Vec<String>> {
    let row = |namespace: &NamespaceReport| {
        let mode = match namespace.plain_rules {
            0 => namespace.mode.to_owned(),
            1 => format!("{}, 1 rule for plaintext", namespace.mode),
            rules => format!("{}, {rules} rules for plaintext", namespace.mode),
        };
        let shares = match namespace.shares.join(", ") {
            shares if shares.is_empty() => "shares with none".to_owned(),
            shares => format!("shares with {shares}"),
        };
        vec![namespace.name.clone(), mode, rings(namespace), storage(&namespace.storage), shares]
    };
    report.namespaces.iter().map(row).collect()
}

fn rings(namespace: &NamespaceReport) -> String {
    let ring = namespace
        .ring
        .as_ref()
        .map_or("rings of the stages".to_owned(), |ring| format!("ring {ring}"));
    match namespace.old_rings.join(", ") {
        old if old.is_empty() => ring,
        old => format!("{ring}, old {old}"),
    }
}

fn storage(storage: &NamespaceStorageReport) -> String {
    let threshold = storage.threshold.map(|size| format!("from {size}"));
    let driver = storage.store_with.as_ref().map(|driver| format!("with {driver}"));
    let rules = match storage.rules {
        0 => None,
        1 => Some("1 rule".to_owned()),
        rules => Some(format!("{rules} rules")),
    };
    let parts: Vec<_> = threshold.into_iter().chain(driver).chain(rules).collect();
    match parts.join(", ") {
        parts if parts.is_empty() => "storage of the file".to_owned(),
        parts => format!("stores {parts}"),
    }
}

/// Returns the same for scripts.
pub(crate) fn as_json(report: &Report) -> Vec<Value> {
    let namespace = |namespace: &NamespaceReport| {
        let storage = &namespace.storage;
        json!({
            "name": namespace.name,
            "mode": namespace.mode,
            "plainRules": namespace.plain_rules,
            "ring": namespace.ring,
            "oldRings": namespace.old_rings,
            "threshold": storage.threshold.map(cloakroom::ByteSize::get),
            "storeWith": storage.store_with,
            "rules": storage.rules,
            "shares": namespace.shares,
        })
    };
    report.namespaces.iter().map(namespace).collect()
}
