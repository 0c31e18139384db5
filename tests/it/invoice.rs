//! `examples/invoice`, as `cargo xtask invoice` runs it.

use std::process::Command;

use serde_json::Value;

use crate::cli::built;

/// The ways end as the example's README says. The test's name begins with `python`, because
/// Temporal's server is installed with Python.
#[test]
fn python_it_finishes_with_a_pipeline_and_not_without() {
    let output = Command::new(built("invoice"))
        .arg("--json")
        .env("CLOAKROOM_TEMPORAL", cloakroom_tests::program("temporal"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    let [small, plain, codecs, storage, converter] = &rows.as_array().unwrap()[..] else {
        panic!("{rows}")
    };
    for (row, finishes) in
        [(small, true), (plain, false), (codecs, true), (storage, true), (converter, true)]
    {
        assert_eq!(row["pay_invoice"]["finished"], finishes, "{row:#}");
        assert_eq!(row["archive"]["finished"], finishes, "{row:#}");
        assert_eq!(row["replays"]["warm_seconds"].is_number(), finishes, "{row:#}");
    }
    let history = |row: &Value| row["pay_invoice"]["history_bytes"].as_u64().unwrap();
    assert!(history(plain) > 50 << 20 && history(codecs) < 20 << 20, "{rows:#}");
    assert!(history(storage) < 100 << 10, "{rows:#}");
    // One document and one ledger, and none more for having been replayed.
    for row in [storage, converter] {
        assert_eq!(row["stored"]["objects"], 2, "{row:#}");
        assert_eq!(row["stored"], row["stored_after_replays"]);
    }
}
