//! A part of the workspace is built with the dependencies that the whole of it has built.

use std::{collections::BTreeSet, env, process::Command};

/// Returns the dependencies from elsewhere that a build of these packages needs, each with its features.
fn selected(packages: &[&str]) -> BTreeSet<String> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap());
    cargo.args(["tree", "--offline", "--edges=normal,dev", "--prefix=none", "--format={p} {f}"]);
    let output = cargo.args(packages).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| line.trim_end_matches(" (*)").trim_end().to_owned());
    // The packages of the workspace have a path in brackets.
    lines.filter(|line| !line.contains('(')).collect()
}

#[test]
fn tests_and_the_program_build_no_dependency_again() {
    let workspace = selected(&["--workspace"]);
    assert!(workspace.len() > 300, "{}", workspace.len());
    for package in ["cloakroom-tests", "cloakroom-cli"] {
        let one = selected(&["--package", package, "--package", "cloakroom-features"]);
        let again: Vec<_> = one.difference(&workspace).collect();
        assert!(
            again.is_empty(),
            "built twice, add their features to tests/features/Cargo.toml: {again:?}"
        );
    }
}
