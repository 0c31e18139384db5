//! `examples/document-pipeline`, as `cargo xtask document-pipeline` runs it, with texts and a limit of a
//! quarter of their size.

use std::{path::Path, process::Command};

use serde_json::{Value, json};

use crate::cli::binary;

/// Without the gateway the workflow stalls in its third document. Through the gateway it completes.
/// `cargo xtask` knows by the test's name that it needs Dapr.
#[test]
fn python_stalls_without_the_gateway_and_completes_through_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/document-pipeline");
    let dapr = cloakroom_tests::dapr();
    let output = Command::new(cloakroom_tests::python())
        .arg(folder.join("story.py"))
        .arg("--json")
        .env("DOCUMENTS_PART", "4")
        .env("CLOAKROOM", binary())
        .env("DAPR_SERVICES", dapr.join("go/dapr"))
        .env("PYTHONPATH", format!("{0}/python-newer:{0}/python", dapr.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    let [alone, gateway] = &rows.as_array().unwrap()[..] else { panic!("{rows}") };
    let limit = (1 << 20) * 95 / 100;

    assert_eq!(alone["status"], "STALLED", "{alone:#}");
    let steps = alone["steps"].as_array().unwrap();
    let (last, before) = steps.split_last().unwrap();
    assert_eq!((steps.len(), &last["step"], &last["stalls"]), (8, &json!("extract"), &json!(true)));
    assert!(last["next_dispatch"].as_u64() > Some(limit), "{alone:#}");
    for step in before {
        assert_eq!(step["stalls"], false, "{alone:#}");
        assert!(step["next_dispatch"].as_u64() <= Some(limit), "{alone:#}");
    }

    assert_eq!(gateway["status"], "COMPLETED", "{gateway:#}");
    assert_eq!(gateway["output"]["documents"], 4, "{gateway:#}");
    assert_eq!(gateway["output"]["characters"], 4 * 150_000, "{gateway:#}");
    assert_eq!(gateway["steps"].as_array().unwrap().len(), 13, "{gateway:#}");
    assert!(gateway["largest_dispatch"].as_u64() < Some(64 << 10), "{gateway:#}");
    assert!(gateway["state_bytes"].as_u64() < Some(128 << 10), "{gateway:#}");
    // A document is the result of one activity and the input of the next, and so is its text.
    assert_eq!(gateway["objects"], 8, "{gateway:#}");
}
