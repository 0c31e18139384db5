//! A part of the workspace is built with the dependencies that the whole of it has built.

use std::{collections::BTreeSet, env, process::Command};

use crate::cli;

/// Returns the dependencies from elsewhere that a build of these packages needs, each with its features.
fn selected(packages: &[&str]) -> BTreeSet<String> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap());
    cargo.args([
        "tree",
        "--offline",
        "--edges=normal,dev,no-proc-macro",
        "--prefix=none",
        "--format={p} {f}",
    ]);
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

/// A crate whose build script looks at a variable that Cargo sets for tests would be built again, with all
/// that depend on it.
#[test]
fn programs_are_built_with_the_dependencies_of_the_tests() {
    let ours = selected(&["--package", "cloakroom-tests", "--package", "cloakroom-features"]);
    let name = |line: &String| {
        let (name, rest) = line.split_once(" v")?;
        Some(format!("{name}@{}", rest.split(' ').next()?))
    };
    let mut ours: BTreeSet<_> = ours.iter().filter_map(name).collect();
    assert!(ours.len() > 300, "{ours:?}");
    ours.insert(concat!("cloakroom-tests@", env!("CARGO_PKG_VERSION")).to_owned());
    let compiled = cli::build().compiled.iter().filter_map(|id| Some(id.rsplit_once('#')?.1));
    let again: Vec<_> = compiled.filter(|package| ours.contains(*package)).collect();
    assert!(again.is_empty(), "built again by a test: {again:?}");
}
