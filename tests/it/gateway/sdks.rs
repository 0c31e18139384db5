//! Every way of a payload on the official SDKs, unmodified.
//!
//! Each program has the same workflow, the same activities and the same steps. It checks every value
//! itself, and says the hash of what came back, which is compared here once more.

mod behind;
mod drivers;
mod limits;
mod nexus;
mod operations;
mod program;
mod remote;
mod replays;
mod scenario;
mod through;
mod trouble;
mod undecodable;
mod unsent;

use cloakroom_tests::rigs::{DevOptions, DevServer};

use self::{
    program::{Program, Sdk},
    scenario::{LARGE, SMALL, STEPS, fails, passes, request},
};
use super::canary;
use crate::worker::server;

fn takes_every_step(sdk: Sdk) {
    passes(sdk, &request(&server().target(), "both", SMALL, &STEPS));
}

#[test]
fn go_takes_every_step() {
    takes_every_step(Sdk::Go);
}

#[test]
fn java_takes_every_step() {
    takes_every_step(Sdk::Java);
}

#[test]
fn node_takes_every_step() {
    takes_every_step(Sdk::Node);
}

#[test]
fn python_takes_every_step() {
    takes_every_step(Sdk::Python);
}

/// Without a gateway the server refuses a large input, and the program says so.
fn refuses_a_large_start(sdk: Sdk) {
    let error = fails(sdk, &request(&server().target(), "client", LARGE, &["start"]));
    assert!(error.contains("Blob data size exceeds limit"), "{sdk}: {error}");
}

#[test]
fn go_is_refused_a_large_input() {
    refuses_a_large_start(Sdk::Go);
}

#[test]
fn java_is_refused_a_large_input() {
    refuses_a_large_start(Sdk::Java);
}

#[test]
fn node_is_refused_a_large_input() {
    refuses_a_large_start(Sdk::Node);
}

#[test]
fn python_is_refused_a_large_input() {
    refuses_a_large_start(Sdk::Python);
}

/// Go starts a workflow and runs it. Python runs its activity, and Java its child.
#[test]
fn mixed_sdks_work_for_each_other() {
    for (sdk, step) in [(Sdk::Python, "activity"), (Sdk::Java, "child")] {
        let other = request(&server().target(), "worker", SMALL, &[]);
        let _other = Program::start(sdk, &other);
        let mut request = request(&server().target(), "both", SMALL, &[step]);
        request["other_queue"] = other["task_queue"].clone();
        passes(Sdk::Go, &request);
    }
}

/// Without a gateway the server has inputs, failure texts and stack traces in the clear: the search
/// for canaries finds them.
#[test]
fn python_leaves_canaries_without_a_gateway() {
    let server = DevServer::start(DevOptions::default());
    passes(Sdk::Python, &request(&server.target(), "both", SMALL, &["failure", "panic"]));
    let found = canary::found(&[server.folder()]);
    for half in canary::halves() {
        assert!(found.iter().any(|one| one.ends_with(half)), "{half} is not in {found:?}");
    }
}
