//! Processes of the benchmark: each step has one, so that none inherits memory, threads or handles.

use std::{
    env,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use tokio::runtime::{Builder, Runtime};

use crate::{
    axis::Axis,
    meter::{COSTS, Costs},
};

/// Says that this process is to measure one step.
pub(crate) const ALONE: &str = "--measure-growth-of";

/// Says that this process is to be the frontend.
pub(crate) const FRONTEND: &str = "--frontend-with";

/// Measures a step in a process of its own.
pub(crate) fn measure(axis: &Axis, size: usize, argument: &str) -> [f64; COSTS.len()] {
    let output = this().args([ALONE, axis.title, &size.to_string(), argument]).output();
    let output = output.expect("runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} of {}: {told}", size, axis.title);
    Costs::parse(&String::from_utf8_lossy(&output.stdout))
}

/// Measures a step in this process.
pub(crate) fn alone(axes: &[Axis], title: &str, size: usize, argument: &str) {
    let axis = axes.iter().find(|axis| axis.title == title).expect("a title");
    runtime().block_on((axis.measure)(size, argument.to_owned())).print();
}

pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

/// Process that serves until it is dropped.
pub(crate) struct Server {
    child: Child,
    /// First line that it printed.
    pub(crate) address: String,
}

impl Server {
    /// Starts this program as the frontend, with so many payloads in its page.
    pub(crate) fn frontend(payloads: usize) -> Self {
        let mut command = this();
        command.args([FRONTEND, &payloads.to_string()]).stdout(Stdio::piped());
        let mut child = command.spawn().expect("starts");
        let mut address = String::new();
        let output = child.stdout.take().expect("is piped");
        BufReader::new(output).read_line(&mut address).expect("a line");
        Self { child, address: address.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn this() -> Command {
    Command::new(env::current_exe().expect("a path"))
}
