//! The dashboard of `examples/dashboards`: it keeps to Grafana's schema, and its queries find what the
//! program and Dapr export.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::alerts::{assert_exported, metrics, promtool_in};

/// Every metric that the dashboard asks for, and its labels. Those of a scrape, `job` and `instance`, are
/// not named.
const METRICS: &str = "
    cloakroom_bytes_in_total part name direction
    cloakroom_bytes_out_total part name direction
    cloakroom_call_seconds part name direction le
    cloakroom_calls_total part name direction
    cloakroom_dapr_dispatch_ratio kind app_id namespace workflow_name activity_name le
    cloakroom_dapr_dispatch_ratio_without kind app_id namespace workflow_name activity_name le
    cloakroom_dapr_held_total reason
    cloakroom_data_key_created_timestamp_seconds ring
    cloakroom_data_key_lookups_total ring result
    cloakroom_failures_total part name direction kind
    cloakroom_gateway_calls_total method code
    cloakroom_gateway_connections
    cloakroom_gateway_history_ratio namespace workflow_name le
    cloakroom_gateway_seconds method le
    cloakroom_gateway_unbounded_starts_total workflow_type
    cloakroom_gateway_undecodable_total method kind
    cloakroom_gateway_unknown_fields_total message field
    cloakroom_gateway_unsent_total method
    cloakroom_http_requests_total route status
    cloakroom_instances_waiting part
    cloakroom_key_created_timestamp_seconds ring key
    cloakroom_key_current ring key
    cloakroom_key_service_failing ring service
    cloakroom_key_service_request_seconds ring service operation le
    cloakroom_key_service_requests_total ring service operation outcome
    cloakroom_memory_bytes
    cloakroom_memory_limit_bytes
    cloakroom_object_cache_total result
    cloakroom_reload_failing
    cloakroom_wrapped_key_requests_total ring operation outcome
    dapr_runtime_workflow_activity_payload_size_ratio app_id namespace workflow_name activity_name le
    dapr_runtime_workflow_payload_size_ratio app_id namespace workflow_name le
    runtime_workflow_activity_payload_size_ratio namespace workflow_name activity_name le
    runtime_workflow_payload_size_ratio namespace workflow_name le
";

/// Labels that Prometheus adds.
const SCRAPED: [&str; 2] = ["job", "instance"];

/// Returns the labels of each metric.
fn labels() -> BTreeMap<&'static str, Vec<&'static str>> {
    let line = |line: &'static str| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.chain(SCRAPED).collect()))
    };
    METRICS.lines().filter_map(line).collect()
}

/// Returns what Grafana's own types read from the dashboard: its queries, and what its variables ask for.
fn asked() -> Vec<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/dashboards/cloakroom.json");
    let mut board = Command::new(cloakroom_tests::go().with_file_name("board"));
    let output = board.stdin(fs::File::open(file).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn expression(asked: &Value) -> String {
    asked["expr"].as_str().unwrap().to_owned()
}

/// A panel on a metric or by a label that nobody exports stays empty for ever.
#[test]
fn it_asks_for_metrics_and_labels_that_there_are() {
    let (labels, asked) = (labels(), asked());
    let text = asked.iter().map(expression).collect::<Vec<_>>().join("\n");
    assert_exported(&text);
    assert!(metrics(&text).into_iter().eq(labels.keys().copied()), "{:?}", metrics(&text));
    for one in &asked {
        let query = expression(one);
        let groups = query.split("by (").skip(1).filter_map(|rest| rest.split(')').next());
        let groups: Vec<_> = groups.flat_map(|group| group.split(", ")).collect();
        let matched = query.split(['{', ',', ')']).filter_map(|part| part.split_once('='));
        let matched = matched.map(|(label, _)| label.trim()).filter(|label| is_name(label));
        for label in matched.chain(groups.iter().copied()) {
            for metric in metrics(&query) {
                let has_it = labels[metric].contains(&label);
                assert!(has_it, "{metric} has no label {label}: {query}");
            }
        }
        let legend = one["legend"].as_str().unwrap_or_default();
        for label in legend.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()) {
            assert!(groups.contains(&label), "the legend {legend} has none of {groups:?}");
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
}

/// Prometheus takes each query, and has an answer to it once every metric was scraped.
#[test]
fn each_panel_shows_what_was_scraped() {
    let folder = tempfile::tempdir().unwrap();
    let mut rules = Vec::new();
    let queries = asked().into_iter().filter(|one| one["panel"].is_string());
    for (i, query) in queries.enumerate() {
        let query = expression(&query).replace("$__rate_interval", "5m");
        // As Grafana puts in the choice of all.
        let query = ["job", "namespace", "app"]
            .iter()
            .fold(query, |query, name| query.replace(&format!("${name}"), ".*"));
        rules.push(json!({ "record": format!("panel:{i}"), "expr": query }));
    }
    assert!(rules.len() > 20);
    let answered: Vec<_> = (0..rules.len())
        .map(|i| {
            let one = json!([{ "labels": "{}", "value": 1 }]);
            let expr = format!("clamp_max(count(panel:{i} >= 0), 1)");
            json!({ "expr": expr, "eval_time": "20m", "exp_samples": one })
        })
        .collect();
    let tests = json!({
        "rule_files": ["rules.yml"],
        "tests": [{ "interval": "1m", "input_series": scraped(), "promql_expr_test": answered }],
    });
    // YAML takes JSON.
    let rules = json!({ "groups": [{ "name": "panels", "rules": rules }] });
    fs::write(folder.path().join("rules.yml"), rules.to_string()).unwrap();
    fs::write(folder.path().join("test.yml"), tests.to_string()).unwrap();
    promtool_in(folder.path(), &["check", "rules", "rules.yml"]);
    promtool_in(folder.path(), &["test", "rules", "test.yml"]);
}

/// Returns one series of each metric, or the buckets of one histogram.
fn scraped() -> Vec<Value> {
    let mut series = Vec::new();
    for (metric, labels) in labels() {
        let is_histogram = labels.contains(&"le");
        let values = if metric.ends_with("_current") { "1x30" } else { "0+1x30" };
        let own = labels.iter().filter(|label| **label != "le").map(|label| match *label {
            "result" => "result=\"hit\"".to_owned(),
            label => format!("{label}=\"some\""),
        });
        let own = own.collect::<Vec<_>>().join(", ");
        if !is_histogram {
            series.push(json!({ "series": format!("{metric}{{{own}}}"), "values": values }));
            continue;
        }
        for bound in ["0.9", "0.95", "1", "+Inf"] {
            let name = format!("{metric}_bucket{{{own}, le=\"{bound}\"}}");
            series.push(json!({ "series": name, "values": values }));
        }
    }
    series
}
