//! Payloads that the gateway finds against those that Temporal's own visitor finds, the one of
//! `go.temporal.io/api/proxy`: for every field of every request and answer that may hold a payload, a
//! message in which it alone holds one.
//!
//! Payloads that are system envelopes are no case here. The visitor opens them; the rewriter hands each
//! out as one payload, which the pipeline opens (`envelopes::`), in the SDK and the codec server alike.

mod fill;

use std::{
    io::Write as _,
    process::{Command, Stdio},
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use cloakroom_wire::{Schema, scan, splice};

use self::fill::{Case, DATA, PAYLOAD, cases};

/// A field that only one of the two visits.
struct Difference {
    /// Message and field. It stands anywhere on the path.
    field: &'static str,
    reason: &'static str,
}

/// Fields that the gateway opens, and Temporal's visitor does not.
const OURS: [Difference; 2] = [
    Difference {
        field: "temporal.api.common.v1.DataBlob.data",
        reason: "a raw history holds the payloads of its events, and the Go SDK reads it",
    },
    Difference {
        field: "temporal.api.nexus.v1.Failure.details",
        reason: "JSON of a failure: a user's error details would reach the server in plaintext",
    },
];

/// Fields that Temporal's visitor visits, and the gateway leaves as they are.
const THEIRS: [Difference; 8] = [
    Difference {
        field: "temporal.api.common.v1.SearchAttributes.indexed_fields",
        reason: "the server indexes them; the visitor has an option to skip them, which SDKs set",
    },
    Difference {
        field: "temporal.api.compute.v1.ComputeProvider.details",
        reason: "the server reads where it starts workers",
    },
    Difference {
        field: "temporal.api.compute.v1.ComputeScaler.details",
        reason: "the server reads how it scales workers",
    },
    Difference {
        field: "CountActivityExecutionsResponse.AggregationGroup.group_values",
        reason: COUNTED,
    },
    Difference {
        field: "CountNexusOperationExecutionsResponse.AggregationGroup.group_values",
        reason: COUNTED,
    },
    Difference { field: "CountSchedulesResponse.AggregationGroup.group_values", reason: COUNTED },
    Difference {
        field: "CountWorkflowExecutionsResponse.AggregationGroup.group_values",
        reason: COUNTED,
    },
    Difference {
        field: "temporal.api.nexus.v1.EndpointSpec.description",
        reason: "OperatorService passes unread: an operator writes the description of an endpoint for \
                 those who list endpoints, and no worker or workflow sees it",
    },
];

const COUNTED: &str = "values of search attributes, which the server writes in the clear";

/// Asks the program of `tests/go/visit` how many payloads of each message it visits.
fn ask(cases: &[Case]) -> Vec<usize> {
    let program = cloakroom_tests::go().with_file_name("visit");
    let mut visit = Command::new(program);
    let mut visit = visit.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = visit.stdin.take().unwrap();
    let line = |case: &Case| format!("{} {}\n", case.root, STANDARD.encode(&case.bytes));
    let text = format!("{DATA}\n") + &cases.iter().map(line).collect::<String>();
    let writing = thread::spawn(move || input.write_all(text.as_bytes()));
    let output = visit.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let counts: Vec<_> = text.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(counts.len(), cases.len());
    counts
}

/// Scans a message. Returns how many payloads are found, and checks that the same ones give the same
/// bytes.
fn found(case: &Case) -> usize {
    let Some(message) = Schema::temporal().message(&case.root) else { return 0 };
    let bytes = Bytes::from(case.bytes.clone());
    let found = scan(message, &bytes).unwrap_or_else(|error| panic!("{}: {error}", case.path));
    let count = found.sites().len();
    assert!((0..count).all(|site| found.payload(site) == PAYLOAD), "{}", case.path);
    let same = (0..count).map(|site| Some(found.payload(site))).collect();
    assert_eq!(splice(&found, same).unwrap(), bytes, "{}", case.path);
    count
}

#[test]
fn every_payload_is_found_that_the_reference_visits() {
    let cases = cases();
    let theirs = ask(&cases);
    let mut explained = [vec![0; OURS.len()], vec![0; THEIRS.len()]];
    let mut unexplained = Vec::new();
    for (case, theirs) in cases.iter().zip(theirs) {
        let ours = found(case);
        assert!(ours <= 1 && theirs <= 1, "{}: {ours} and {theirs}", case.path);
        let (list, counts, who) = match (ours, theirs) {
            (1, 0) => (&OURS[..], &mut explained[0], "the gateway"),
            (0, 1) => (&THEIRS[..], &mut explained[1], "the visitor"),
            _ => continue,
        };
        match list.iter().position(|difference| case.path.contains(difference.field)) {
            Some(index) => counts[index] += 1,
            None => unexplained.push(format!("only {who} visits {}", case.path)),
        }
    }
    assert!(cases.len() > 2000, "{} cases", cases.len());
    assert!(
        unexplained.is_empty(),
        "{} differences:\n{}",
        unexplained.len(),
        unexplained.join("\n")
    );
    for (difference, count) in OURS.iter().chain(&THEIRS).zip(explained.concat()) {
        let Difference { field, reason } = difference;
        assert!(count > 0, "there is no difference at {field} any more ({reason})");
    }
}
