//! Findings as a table for people, and as JSON for scripts.

use cloakroom::inspect::clean;
use cloakroom_conformance::{Outcome, Verdict};
use serde_json::{Value, json};

use super::{cost::Cost, findings::Findings};
use crate::{
    plugin::measure::{throughput, throughput_text, time_text},
    table::{columns, thousands, words},
};

/// Most characters of a text that a plugin may have chosen.
const TEXT: usize = 600;

/// Returns the findings for people. `repeat` gives the command that repeats a rule.
pub(super) fn table(findings: &Findings, repeat: &dyn Fn(&str) -> String) -> String {
    let row = |name: &str, value: &str| vec![name.to_owned(), clean(value, TEXT)];
    let backends = match &*findings.backends {
        [] => "nothing: it asks for nothing that needs a grant".to_owned(),
        some => some.join(", "),
    };
    let mut text = words(&[
        row("plugin", &findings.name),
        row("digest", &findings.digest),
        row("is", &findings.what),
        row("against", &backends),
        row("seed", &findings.report.seed.to_string()),
    ]);
    text.push('\n');
    let rows: Vec<_> = findings.report.outcomes.iter().map(outcome_row).collect();
    text.push_str(&words(&rows));
    for outcome in findings.report.failed() {
        text.push_str(&failure(outcome, &repeat(outcome.rule.id)));
    }
    if let Some(cost) = &findings.cost {
        text.push_str(&format!("\n{}", cost_table(cost)));
    }
    text
}

fn outcome_row(Outcome { rule, verdict }: &Outcome) -> Vec<String> {
    let (word, detail) = match verdict {
        Verdict::Passed { cases } => ("ok", format!("{} cases", thousands(*cases))),
        Verdict::Failed { .. } => ("FAILED", rule.title.to_owned()),
        Verdict::NotRun { reason } => ("not run", reason.clone()),
        _ => ("unknown", String::new()),
    };
    vec![word.to_owned(), rule.id.to_owned(), detail]
}

/// Returns the paragraph on a rule that was broken.
fn failure(Outcome { rule, verdict }: &Outcome, repeat: &str) -> String {
    let Verdict::Failed { case, found } = verdict else {
        return String::new();
    };
    let lines = [
        ("rule", rule.title),
        ("case", &clean(case, TEXT)),
        ("found", &clean(found, TEXT)),
        ("reason", rule.reason),
        ("repeat", repeat),
    ];
    let lines = lines.map(|(name, text)| format!("    {name:<7} {text}\n"));
    format!("\n  {} failed\n{}", rule.id, lines.concat())
}

fn cost_table(cost: &Cost) -> String {
    let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
    let calls = |name: &str, times: &crate::plugin::measure::Times| {
        row([name, &time_text(times.out), &time_text(times.back), ""])
    };
    let speed = |time| throughput_text(cost.large_bytes(), time);
    let (out, back) = (speed(cost.large.out), speed(cost.large.back));
    let rows = [
        row(["cost", "out", "back", ""]),
        calls("1 KiB, fresh", &cost.fresh),
        calls("1 KiB, warm", &cost.warm),
        row(["1 MiB, fresh", &out, &back, ""]),
    ];
    let kib = usize::try_from(cost.memory / 1024).unwrap_or(usize::MAX);
    let rest = [
        vec!["start".to_owned(), time_text(cost.start)],
        vec!["memory".to_owned(), format!("{} KiB after 1 MiB", thousands(kib))],
    ];
    columns(&rows, &[1, 2]) + &words(&rest)
}

/// Returns the findings for scripts.
pub(super) fn json(findings: &Findings, repeat: &dyn Fn(&str) -> String) -> String {
    let rules: Vec<_> = findings
        .report
        .outcomes
        .iter()
        .map(|outcome| outcome_json(outcome, &repeat(outcome.rule.id)))
        .collect();
    let whole = json!({
        "plugin": findings.name,
        "digest": findings.digest,
        "is": findings.what,
        "against": findings.backends,
        "seed": findings.report.seed,
        "passed": findings.report.is_passed(),
        "rules": rules,
        "cost": findings.cost.as_ref().map(cost_json),
    });
    format!("{whole:#}\n")
}

fn outcome_json(Outcome { rule, verdict }: &Outcome, repeat: &str) -> Value {
    let mut value = match verdict {
        Verdict::Passed { cases } => json!({ "verdict": "passed", "cases": cases }),
        Verdict::Failed { case, found } => json!({
            "verdict": "failed",
            "case": clean(case, TEXT),
            "found": clean(found, TEXT),
            "reason": rule.reason,
            "repeat": repeat,
        }),
        Verdict::NotRun { reason } => json!({ "verdict": "not run", "missing": reason }),
        _ => json!({ "verdict": "unknown" }),
    };
    if let Some(fields) = value.as_object_mut() {
        fields.insert("rule".to_owned(), json!(rule.id));
        fields.insert("title".to_owned(), json!(rule.title));
    }
    value
}

fn cost_json(cost: &Cost) -> Value {
    let micros = |time: std::time::Duration| time.as_secs_f64() * 1e6;
    let times = |times: &crate::plugin::measure::Times| json!({ "outMicros": micros(times.out), "backMicros": micros(times.back) });
    json!({
        "startMicros": micros(cost.start),
        "smallFresh": times(&cost.fresh),
        "smallWarm": times(&cost.warm),
        "large": {
            "outBytesPerSecond": throughput(cost.large_bytes(), cost.large.out),
            "backBytesPerSecond": throughput(cost.large_bytes(), cost.large.back),
        },
        "memoryBytes": cost.memory,
    })
}
