//! The command line disables core dumps, which would hold keys.

use std::{
    fs,
    process::{Command, Stdio},
};

use crate::cli;

/// Returns the limits of core dumps of a process, soft and hard.
fn limits(process: &str) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{process}/limits")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Max core file size"))?;
    Some(line.split_whitespace().take(2).map(str::to_owned).collect())
}

/// Returns the limits of a program that has read its configuration and waits for payloads.
fn of_the_program(variable: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("cloakroom.toml");
    fs::write(&config, "[[stage]]\nplugin = \"bundled:zstd\"\n").unwrap();
    let mut command = Command::new(cli::binary());
    command.args(["decode", "--config"]).arg(&config).env("CLOAKROOM_CORE_DUMPS", variable);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let id = child.id().to_string();
    // It sets its limits before it starts its runtime, which has threads.
    let tasks = format!("/proc/{id}/task");
    while fs::read_dir(&tasks).unwrap().count() < 2 {
        assert!(child.try_wait().unwrap().is_none(), "it ended");
        std::thread::yield_now();
    }
    let found = limits(&id).unwrap();
    drop(child.stdin.take());
    child.wait().unwrap();
    found
}

#[test]
fn the_program_is_never_dumped_unless_that_is_allowed() {
    let ours = limits("self").unwrap();
    assert_ne!(ours[1], "0", "the tests need a limit above 0 to see one of 0");
    assert_eq!(of_the_program("no"), ["0", "0"]);
    assert_eq!(of_the_program("allow"), ours);
}
