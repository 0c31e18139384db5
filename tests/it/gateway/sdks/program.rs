//! The programs that run the scenario, one for each SDK.

use std::{
    fmt,
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
};

use cloakroom_tests::PATIENCE;
use serde_json::Value;
use tempfile::TempDir;

/// An SDK with a program in `tests`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sdk {
    Go,
    Java,
    Node,
    Python,
}

impl fmt::Display for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Sdk {
    fn command(self) -> Command {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        match self {
            Self::Go => Command::new(cloakroom_tests::go()),
            Self::Java => {
                let mut java = Command::new("java");
                let folder = cloakroom_tests::java();
                // The reference collector: two threads of it would be as many as there are cores.
                java.arg("-XX:+UseSerialGC").arg("-cp");
                java.arg(format!("{0}/classes:{0}/lib/*", folder.display()));
                java.arg("Sdks");
                java
            }
            Self::Node => {
                let mut node = Command::new("node");
                node.arg(tests.join("node/sdks.mjs"));
                node.env("CLOAKROOM_NODE", cloakroom_tests::node());
                node
            }
            Self::Python => {
                let mut python = Command::new(cloakroom_tests::python());
                python.arg(tests.join("python/sdks.py"));
                python
            }
        }
    }
}

/// A program that runs until its steps are done, or until this is dropped.
pub(super) struct Program {
    sdk: Sdk,
    child: Child,
    lines: Receiver<Value>,
    folder: TempDir,
}

impl Program {
    /// Starts one, and waits until its worker polls, if it has one.
    pub(super) fn start(sdk: Sdk, request: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        let mut command = sdk.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.current_dir(folder.path()).spawn().unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "{request}").unwrap();
        let (told, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        // Its core and its bundler write to standard output too, and no JSON.
        let said = output.lines().map_while(Result::ok);
        thread::spawn(move || {
            for line in said.filter_map(|line| serde_json::from_str(&line).ok()) {
                if told.send(line).is_err() {
                    return;
                }
            }
        });
        let program = Self { sdk, child, lines, folder };
        if request["role"] != "client" {
            let line = program.next();
            assert_eq!(line["step"], "ready", "{sdk}: {line}\n{}", program.log());
        }
        program
    }

    /// Returns the next line that it says.
    pub(super) fn next(&self) -> Value {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(error) => panic!("{} says nothing more: {error}\n{}", self.sdk, self.log()),
        }
    }

    /// Waits for its end, and returns whether it says that all went well.
    pub(super) fn end(mut self) -> bool {
        let said = self.lines.recv_timeout(PATIENCE);
        assert_eq!(said, Err(RecvTimeoutError::Disconnected), "{} goes on", self.sdk);
        self.child.wait().unwrap().success()
    }

    /// Has a worker leave, and returns whether it says that all went well.
    pub(super) fn leave(mut self) -> bool {
        drop(self.child.stdin.take());
        self.end()
    }

    /// Returns the end of what it logs.
    pub(super) fn log(&self) -> String {
        let log = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log[log.len().saturating_sub(4000)..]);
        log.into_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Its number is still its own, because nobody has waited for it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
