//! The alert rules of `examples/alerts`: they fire where they should, on metrics that there are.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn alerts(file: &str) -> String {
    fs::read_to_string(root().join("examples/alerts").join(file)).unwrap()
}

fn promtool(args: &[&str]) {
    promtool_in(&root().join("examples/alerts"), args);
}

/// Runs `promtool`, which has to succeed.
pub(crate) fn promtool_in(folder: &Path, args: &[&str]) {
    let mut promtool = Command::new("promtool");
    let promtool = promtool.args(args).current_dir(folder);
    let output = promtool.output().expect("promtool, which `cargo xtask test` installs");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "promtool {args:?}: {text}");
}

#[test]
fn rules_fire_at_their_bounds() {
    promtool(&["check", "rules", "cloakroom.yml"]);
    promtool(&["test", "rules", "cloakroom_test.yml"]);
}

/// Returns the rest of each line that starts with `key`.
fn named<'a>(rules: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    rules.lines().filter_map(move |line| line.trim().strip_prefix(key))
}

#[test]
fn every_alert_is_tested_and_explained() {
    let (rules, tests, readme) =
        (alerts("cloakroom.yml"), alerts("cloakroom_test.yml"), alerts("README.md"));
    let names: Vec<_> = named(&rules, "- alert: ").collect();
    assert!(!names.is_empty());
    for name in names {
        let fires = format!("alertname: {name}\n        exp_alerts:\n");
        assert!(tests.contains(&fires), "no test has {name} fire");
        assert!(readme.contains(&format!("`{name}`")), "{name} is not explained");
    }
}

/// A rule on a metric that nobody exports is silent for ever.
#[test]
fn rules_name_metrics_that_there_are() {
    let rules = alerts("cloakroom.yml");
    assert_exported(&rules);
    for recorded in rules.split(is_no_part).filter(|word| word.contains("cloakroom:")) {
        let line = format!("- record: {recorded}\n");
        assert!(rules.contains(&line), "{recorded} is recorded nowhere");
    }
}

/// Dapr's own histograms.
const DAPR: [&str; 2] = [
    "dapr_runtime_workflow_payload_size_ratio",
    "dapr_runtime_workflow_activity_payload_size_ratio",
];

/// Checks that each metric that expressions name is Dapr's, or a constant of the program.
pub(crate) fn assert_exported(expressions: &str) {
    let mut constants = String::new();
    collect(&root().join("host"), &mut constants);
    let names = metrics(expressions);
    assert!(!names.is_empty());
    for name in names {
        let constant = format!(": &str = \"{name}\";");
        assert!(DAPR.contains(&name) || constants.contains(&constant), "nobody counts {name}");
    }
}

/// Reads the files that name metrics.
fn collect(folder: &Path, constants: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, constants);
        } else if path.file_name().is_some_and(|name| name == "metric.rs") {
            *constants += &fs::read_to_string(path).unwrap();
        }
    }
}

/// The metrics that expressions name, without what a histogram's series add.
pub(crate) fn metrics(expressions: &str) -> BTreeSet<&str> {
    let words = expressions.split(is_no_part);
    let starts = ["cloakroom_", "runtime_", "dapr_"];
    let names = words.filter(|word| starts.iter().any(|start| word.starts_with(start)));
    let metric = |name| {
        let parts = ["_bucket", "_sum", "_count"];
        parts.into_iter().find_map(|part| str::strip_suffix(name, part)).unwrap_or(name)
    };
    names.map(metric).collect()
}

fn is_no_part(letter: char) -> bool {
    !letter.is_ascii_alphanumeric() && letter != '_' && letter != ':'
}
