//! The pages for authors: every rule is on them as the suites have it, and their commands work.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use cloakroom_conformance::{BucketSuite, CodecSuite, DriverSuite};
use cloakroom_tests::REVERSE;

use crate::cli::binary;

fn page(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/docs/authors");
    fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn every_rule_is_on_the_page() {
    let page = page("testing.md");
    let (mut rest, mut count) = (page.as_str(), 0);
    for rule in CodecSuite::rules().chain(DriverSuite::rules()).chain(BucketSuite::rules()) {
        // In the order of the suites, so that two rules of one name differ.
        let row = format!("\n| `{}` | ", rule.id);
        let (_, after) = rest.split_once(&row).unwrap_or_else(|| panic!("no row for {}", rule.id));
        let text = after.lines().next().unwrap().replace(" (`--largest`, 50 MiB)", "");
        assert_eq!(text, format!("{} |", rule.title), "{}", rule.id);
        rest = after;
        count += 1;
    }
    assert_eq!(page.matches("\n| `").count(), count, "the page has rules that do not exist");
}

#[test]
fn the_commands_of_the_pages_work() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("cloakroom");
    let script = format!("#!/bin/sh\nexec {} \"$@\"\n", binary().display());
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.path().join("reverse.wasm"), REVERSE).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let mut count = 0;
    for page in [page("testing.md"), page("debugging.md")] {
        for block in page.split("```sh\n").skip(1) {
            let script = block.split("```").next().unwrap();
            let mut shell = Command::new("sh");
            shell.args(["-ec", script]).current_dir(folder.path()).env("PATH", &path);
            let output = shell.output().unwrap();
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{script}\n{error}");
            count += 1;
        }
    }
    assert_eq!(count, 7);
    for file in ["report.xml", "findings.json", "reverse.svg"] {
        assert!(folder.path().join(file).exists(), "{file}");
    }
}
