//! The alert rules of `examples/alerts`: they fire where they should, on metrics that there are.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn alerts(file: &str) -> String {
    fs::read_to_string(root().join("examples/alerts").join(file)).unwrap()
}

fn promtool(args: &[&str]) {
    let mut promtool = Command::new("promtool");
    let promtool = promtool.args(args).current_dir(root().join("examples/alerts"));
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
    let names = metrics(&rules);
    assert!(!names.is_empty());
    let source = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let constants = [
        "host/grpc/src/metric.rs",
        "host/pipeline/src/metric.rs",
        "host/temporal/src/metric.rs",
        "host/temporal/src/exchange/metric.rs",
    ];
    let constants = constants.map(source).concat();
    let server = server();
    for name in names {
        let constant = format!(": &str = \"{name}\";");
        let counted =
            name.starts_with("cloakroom_http_") && server.contains(&format!("\"{name}\""));
        assert!(counted || constants.contains(&constant), "nobody counts {name}");
    }
    for recorded in rules.split(is_no_part).filter(|word| word.contains("cloakroom:")) {
        let line = format!("- record: {recorded}\n");
        assert!(rules.contains(&line), "{recorded} is recorded nowhere");
    }
}

/// The metrics that expressions name, without what a histogram's series add, and without what Dapr
/// puts before.
fn metrics(rules: &str) -> BTreeSet<&str> {
    let words = rules.split(is_no_part);
    let names = words.filter(|word| word.starts_with("cloakroom_") || word.starts_with("runtime_"));
    let metric = |name| {
        let parts = ["_bucket", "_sum", "_count"];
        parts.into_iter().find_map(|part| str::strip_suffix(name, part)).unwrap_or(name)
    };
    names.map(metric).collect()
}

fn is_no_part(letter: char) -> bool {
    !letter.is_ascii_alphanumeric() && letter != '_' && letter != ':'
}

fn server() -> String {
    let folder = root().join("host/temporal/src/server");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.map(|path| fs::read_to_string(path).unwrap()).collect()
}
