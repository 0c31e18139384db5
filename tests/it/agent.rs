//! `examples/agent`, as `cargo xtask agent` runs it, with texts and a limit of an eighth of their size.

use std::{path::Path, process::Command};

use serde_json::Value;

use crate::cli::binary;

/// Without the gateway the server ends the agent's run before its hundredth call, for the size of its
/// history. Through the gateway it ends by itself.
#[test]
fn python_agent_ends_by_itself_through_the_gateway_and_not_without() {
    let story = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/agent/story.py");
    let output = Command::new(cloakroom_tests::python())
        .arg(story)
        .args(["--json", "agent", "agent-gateway"])
        .env("AGENT_PART", "8")
        .env("CLOAKROOM", binary())
        .env("CLOAKROOM_TEMPORAL", cloakroom_tests::program("temporal"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    let [alone, gateway] = &rows.as_array().unwrap()[..] else { panic!("{rows}") };
    assert_eq!(alone["status"], "Terminated", "{alone:#}");
    assert_eq!(alone["why"], "Workflow history size exceeds limit.", "{alone:#}");
    assert!(alone["calls"].as_u64() < Some(100), "{alone:#}");
    assert_eq!(
        (&gateway["finished"], &gateway["calls"]),
        (&true.into(), &100.into()),
        "{gateway:#}"
    );
    // The conversation as it began, which is also the input of the first call, and one of each call.
    assert_eq!(gateway["objects"], 101, "{gateway:#}");
    assert!(gateway["history_bytes"].as_u64() < Some(1 << 20), "{gateway:#}");
}
