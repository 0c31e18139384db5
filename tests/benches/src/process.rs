//! Processes that are measured from outside, as Linux counts them.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Child, Command},
};

use serde_json::Value;

/// Ticks of a processor's time in a second, on every Linux that there is.
const TICKS: f64 = 100.0;

/// Process whose processor time and memory are counted.
#[derive(Clone, Copy, Debug)]
pub struct Process(u32);

impl Process {
    /// Returns this process.
    #[must_use]
    pub fn own() -> Self {
        Self(process::id())
    }

    /// Returns a process that this one has started.
    #[must_use]
    pub fn of(child: &Child) -> Self {
        Self(child.id())
    }

    /// Returns the seconds of processor time so far, in steps of 10 ms.
    #[must_use]
    pub fn worked(self) -> f64 {
        let stat = self.read("stat");
        // The program's name comes first, and may hold anything.
        let (_, fields) = stat.rsplit_once(") ").expect("a name");
        let ticks = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>());
        ticks.map(|ticks| ticks.expect("a number")).sum::<f64>() / TICKS
    }

    /// Returns the bytes in memory now.
    #[must_use]
    pub fn resident(self) -> f64 {
        self.memory("VmRSS")
    }

    /// Returns the most bytes in memory since [`forget_peak`](Self::forget_peak), or since the start.
    #[must_use]
    pub fn peak(self) -> f64 {
        self.memory("VmHWM")
    }

    /// Has the kernel forget the peak so far.
    pub fn forget_peak(self) {
        fs::write(format!("/proc/{}/clear_refs", self.0), "5").expect("Linux");
    }

    fn memory(self, name: &str) -> f64 {
        let status = self.read("status");
        let line = status.lines().find(|line| line.starts_with(name)).expect("there");
        let kib: f64 = line.split_whitespace().nth(1).expect("a number").parse().expect("a number");
        kib * 1024.0
    }

    fn read(self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.0)).expect("it runs")
    }
}

/// Returns the program that `CLOAKROOM` names, or builds the command line as it is shipped. The build takes a
/// quarter of an hour, and more on a busy machine.
#[must_use]
pub fn program() -> PathBuf {
    if let Some(program) = env::var_os("CLOAKROOM") {
        return program.into();
    }
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--profile=dist", "--package=cloakroom-cli"]);
    build.arg("--message-format=json");
    build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    let built = build.output().expect("cargo");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let messages = String::from_utf8(built.stdout).expect("text");
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ours = messages.filter(|message| message["target"]["name"] == "cloakroom");
    let mut programs = ours.filter_map(|message| Some(message["executable"].as_str()?.to_owned()));
    programs.next_back().expect("a program").into()
}
