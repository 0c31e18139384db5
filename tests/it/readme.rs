//! The README's five minutes: each command as printed, with servers at ports of the test.

use std::{
    fs,
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use cloakroom_tests::{
    rigs::{DevOptions, DevServer, free_port},
    wait_until,
};

use crate::cli::binary;

/// The blocks of a language in the README's five minutes.
fn blocks(language: &str) -> Vec<String> {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (_, start) = readme.split_once("## Five minutes").unwrap();
    let start = start.split("\n## ").next().unwrap();
    let fence = format!("```{language}\n");
    let blocks = start.split(&fence).skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

/// Puts a program into a folder, under the name that the README has for it.
fn install(folder: &Path, name: &str, script: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\nexec {script} \"$@\"\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A process that ends with the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[track_caller]
fn run(folder: &Path, script: &str) -> Output {
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).current_dir(folder).env("PATH", path);
    shell.output().unwrap()
}

#[track_caller]
fn succeeds(folder: &Path, script: &str) -> String {
    let output = run(folder, script);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{script}\n{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// (Python is where Temporal's command line and server come from.)
#[tokio::test(flavor = "multi_thread")]
async fn python_the_five_minutes_work_as_printed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let temporal = DevServer::start(DevOptions::default());
    let program = cloakroom_tests::program("temporal");
    let command = format!("env -i {} --address {}", program.display(), temporal.target());
    install(folder, "temporal", &command);
    install(folder, "cloakroom", &binary().display().to_string());
    let [toml] = blocks("toml").try_into().unwrap();
    fs::write(folder.join("cloakroom.toml"), toml).unwrap();
    let [prepare, start, look] = blocks("sh").try_into().unwrap();

    let (servers, prepare): (Vec<_>, Vec<_>) =
        prepare.lines().partition(|line| line.ends_with('&'));
    assert_eq!(servers.len(), 2, "{servers:?}");
    let said = succeeds(folder, &prepare.join("\n"));
    assert_eq!(said.matches("   ok").count(), 3, "{said}");

    let port = free_port();
    let serve = format!("codec-server --config cloakroom.toml --listen 127.0.0.1:{port}");
    assert!(servers[0].trim().starts_with("cloakroom codec-server --config cloakroom.toml"));
    let mut server = Command::new(binary());
    server.args(serve.split(' ')).current_dir(folder).stderr(Stdio::null());
    let _server = Killed(server.spawn().unwrap());
    let serves = || TcpStream::connect(("127.0.0.1", port)).is_ok();
    wait_until("the codec server listens", serves).await;

    let (documented, endpoint) = ("http://127.0.0.1:8081", format!("http://127.0.0.1:{port}"));
    assert!(servers[1].contains(documented) && start.contains(documented));
    let start = start.replace("\\\n", " ").replace(documented, &endpoint);
    let [make, refused, accepted] = start.trim().lines().collect::<Vec<_>>().try_into().unwrap();
    succeeds(folder, make);
    let output = run(folder, refused);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("Blob data size exceeds limit"), "{error}");
    let said = succeeds(folder, accepted);
    assert!(said.contains("scan-1"), "{said}");

    // It fails if an object is missing or cannot be opened.
    let story = succeeds(folder, &look);
    assert!(story.contains(" 394 bytes"), "{story}");
}
