//! Extism, in a process of its own.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use crate::peer::{Operation, Peer, Way};

/// Process of `tests/benches/peers/extism`, which times its calls itself.
pub(crate) struct Extism {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Extism {
    pub(crate) fn start(folder: &Path) -> Self {
        let mut command = Command::new(folder.join("peers-extism"));
        command.arg(folder.join("peers_guest_extism.wasm"));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program of the peers");
        let commands = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, commands, answers }
    }

    fn command(&mut self, line: &str) {
        writeln!(self.commands, "{line}").expect("Extism's process ended");
    }

    fn number(&mut self) -> u64 {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("an answer");
        line.trim().parse().expect("a number of Extism's process; its errors are above")
    }
}

impl Peer for Extism {
    fn set_input(&mut self, input: Vec<u8>) {
        self.command(&format!("input {}", input.len()));
        self.commands.write_all(&input).expect("Extism's process ended");
    }

    fn run(&mut self, way: Way, operation: Operation, count: usize) -> Duration {
        let way = match way {
            Way::Fresh => "fresh",
            Way::Warm => "warm",
        };
        self.command(&format!("run {way} {} {count}", operation.function()));
        Duration::from_nanos(self.number())
    }

    fn output(&mut self) -> Vec<u8> {
        self.command("output");
        let mut bytes = vec![0; self.number() as usize];
        self.answers.read_exact(&mut bytes).expect("the output");
        bytes
    }
}

impl Drop for Extism {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
