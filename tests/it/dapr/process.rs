//! An app in a process of its own.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Stdio},
    sync::{
        Mutex,
        mpsc::{Receiver, channel},
    },
    thread,
};

use cloakroom_tests::PATIENCE;
use serde_json::Value;
use tempfile::TempDir;

use super::sdk::Sdk;

/// A program that answers each line with one line.
pub(super) struct Process {
    sdk: Sdk,
    child: Mutex<Child>,
    lines: Mutex<Receiver<Value>>,
    folder: TempDir,
}

impl Process {
    /// Starts one, and waits until its worker is connected.
    pub(super) fn start(sdk: Sdk, endpoint: &str, receive: Option<usize>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        let mut command = sdk.command();
        command.env("DAPR_GRPC_ENDPOINT", endpoint);
        if let Some(size) = receive {
            // Python and Java read the variable; the others have an argument.
            command.env("DAPR_GRPC_MAX_INBOUND_MESSAGE_SIZE_BYTES", size.to_string());
            command.arg(size.to_string());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.current_dir(folder.path()).spawn().unwrap();
        let (told, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        // The SDK for JavaScript writes its log to standard output too, and no JSON.
        let said = output.lines().map_while(Result::ok);
        thread::spawn(move || {
            for line in said.filter_map(|line| serde_json::from_str(&line).ok()) {
                if told.send(line).is_err() {
                    return;
                }
            }
        });
        let program = Self { sdk, child: child.into(), lines: lines.into(), folder };
        assert_eq!(program.next()["ready"], true, "{sdk}: {}", program.log());
        program
    }

    /// Sends a command, and returns the answer.
    pub(super) fn ask(&self, command: &Value) -> Value {
        let mut child = self.child.lock().unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "{command}").unwrap();
        self.next()
    }

    fn next(&self) -> Value {
        match self.lines.lock().unwrap().recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(error) => panic!("{} says nothing more: {error}\n{}", self.sdk, self.log()),
        }
    }

    /// Returns the end of what it logs.
    pub(super) fn log(&self) -> String {
        let log = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(4000)..]).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its number is still its own, because nobody has waited for it.
        let child = self.child.get_mut().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}
