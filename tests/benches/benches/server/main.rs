//! The codec server beside one in the shape of the samples of Temporal's Python SDK: requests a
//! second over kept connections, how long each takes, and what processor time and memory the server
//! needs.
//!
//! Each runs as a process of its own, as it would be shipped. All others are idle while one is
//! measured. The client runs on the same machine, so processor time tells more than requests a
//! second: it does not depend on the cost of the client.
//!
//! `cargo xtask bench server`

mod client;
mod contestant;
mod data;
mod load;
mod report;

use std::time::Duration;

use cloakroom_benches::{Report, Samples, program};
use tokio::runtime::{Builder, Runtime};

use crate::{
    contestant::{Contestant, Stages},
    data::Asked,
    report::Measured,
};

const SIZES: [usize; 2] = [1 << 10, 256 << 10];
const CONNECTIONS: [usize; 3] = [1, 16, 64];
const ROUNDS: usize = 5;
const TURN: Duration = Duration::from_millis(500);
/// Python's server, and Cloakroom's on fresh instances, on warm ones and without a plugin.
const COUNT: usize = 4;

fn main() {
    let Some(mut report) = Report::start("server") else { return };
    let program = program();
    let cloakroom = |stages| Contestant::cloakroom(&program, stages);
    let stages = [Stages::Fresh, Stages::Warm, Stages::Off].map(cloakroom);
    let [fresh, warm, off] = stages;
    let contestants = [Contestant::python(), fresh, warm, off];
    let idle = contestants.each_ref().map(|contestant| contestant.counted().resident());
    let runtime = runtime();
    let asked = SIZES.map(|size| runtime.block_on(data::agreed(&contestants, size)));
    let mut measured: Vec<_> = asked.iter().flat_map(rows).collect();
    let mut peaks: [Samples; COUNT] = Default::default();
    for round in 0..ROUNDS {
        contestants.iter().for_each(|contestant| contestant.counted().forget_peak());
        for row in &mut measured {
            // Who begins finds the machine as the other left it.
            for turn in 0..COUNT {
                let who = (round + turn) % COUNT;
                let asked = &row.asked.of[who];
                row.add(who, load::turn(&runtime, &contestants[who], asked, row.connections));
            }
        }
        report.progress();
        let peak = contestants.each_ref().map(|contestant| contestant.counted().peak());
        peaks.iter_mut().zip(peak).for_each(|(peaks, peak)| peaks.push(peak));
    }
    report.print(report::processor(&measured));
    report.print(report::requests(&measured));
    report.print(report::memory(idle, &peaks));
    report.finish();
}

fn rows(asked: &Asked) -> impl Iterator<Item = Measured<'_>> {
    CONNECTIONS.into_iter().map(move |connections| Measured::new(asked, connections))
}

/// One thread: the server has the other.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}
