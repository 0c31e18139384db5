//! Findings as JUnit XML, which build servers show.

use cloakroom::inspect::clean;
use cloakroom_conformance::{Outcome, Verdict};

use super::findings::Findings;

/// Most characters of a text that a plugin may have chosen.
const TEXT: usize = 600;

/// Returns the report. `repeat` gives the command that repeats a rule.
pub(super) fn xml(findings: &Findings, repeat: &dyn Fn(&str) -> String) -> String {
    let outcomes = &findings.report.outcomes;
    let is_skipped = |outcome: &&Outcome| matches!(outcome.verdict, Verdict::NotRun { .. });
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" skipped=\"{}\"",
        outcomes.len(),
        findings.report.failed().count(),
        outcomes.iter().filter(is_skipped).count()
    );
    let name = escaped(&findings.name);
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  \
         <testsuite name=\"cloakroom plugin check {name}\" {counts}>\n"
    );
    if !findings.backends.is_empty() {
        let value = escaped(&findings.backends.join(", "));
        let property = format!("<property name=\"against\" value=\"{value}\"/>");
        xml.push_str(&format!("    <properties>{property}</properties>\n"));
    }
    for outcome in outcomes {
        xml.push_str(&case(&name, outcome, &repeat(outcome.rule.id)));
    }
    xml + "  </testsuite>\n</testsuites>\n"
}

fn case(plugin: &str, Outcome { rule, verdict }: &Outcome, repeat: &str) -> String {
    let start = format!("    <testcase classname=\"{plugin}\" name=\"{}\"", rule.id);
    match verdict {
        Verdict::Failed { case, found } => {
            let message = escaped(&format!("{case}: {found}"));
            let text = escaped(&format!(
                "rule: {}\nreason: {}\nrepeat: {repeat}",
                rule.title, rule.reason
            ));
            format!(
                "{start}>\n      <failure message=\"{message}\">{text}</failure>\n    </testcase>\n"
            )
        }
        Verdict::NotRun { reason } => {
            let message = escaped(reason);
            format!("{start}>\n      <skipped message=\"{message}\"/>\n    </testcase>\n")
        }
        _ => format!("{start}/>\n"),
    }
}

/// Returns a text for an attribute or an element. Control characters have no place in XML.
fn escaped(text: &str) -> String {
    let lines = text.lines().map(|line| clean(line, TEXT)).collect::<Vec<_>>().join("\n");
    let escaped = lines.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped.replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_control_characters_are_escaped() {
        assert_eq!(escaped("<a b=\"c\">&\u{1b}d"), "&lt;a b=&quot;c&quot;&gt;&amp; d");
    }
}
