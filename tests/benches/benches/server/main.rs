//! The codec server beside one in the shape of the samples of Temporal's Python SDK: requests a
//! second over kept connections, how long each takes, and what memory the server holds.
//!
//! Both run as separate processes, as they would be shipped. One is idle while the other is
//! measured. The client runs on the same machine, so the report has the server's processor time as
//! well: it does not depend on the cost of the client.
//!
//! `cargo xtask bench server`

mod client;
mod contestant;
mod data;
mod load;
mod report;

use std::time::Duration;

use cloakroom_benches::{Report, Samples};
use tokio::runtime::{Builder, Runtime};

use crate::{contestant::Contestant, data::Asked, report::Measured};

const SIZES: [usize; 2] = [1 << 10, 256 << 10];
const CONNECTIONS: [usize; 3] = [1, 16, 64];
const ROUNDS: usize = 9;
const TURN: Duration = Duration::from_secs(1);

fn main() {
    let Some(mut report) = Report::start("server") else { return };
    let contestants = [Contestant::python(), Contestant::cloakroom()];
    let idle = contestants.each_ref().map(Contestant::resident);
    let runtime = runtime();
    let asked = SIZES.map(|size| runtime.block_on(data::agreed(&contestants, size)));
    let mut measured: Vec<_> = asked.iter().flat_map(rows).collect();
    let mut peaks: [Samples; 2] = Default::default();
    for round in 0..ROUNDS {
        contestants.iter().for_each(Contestant::forget_peak);
        for row in &mut measured {
            // Who begins finds the machine as the other left it.
            for who in if round % 2 == 0 { [0, 1] } else { [1, 0] } {
                row.add(who, load::turn(&runtime, &contestants[who], row.asked, row.connections));
            }
        }
        report.progress();
        let peak = contestants.each_ref().map(Contestant::peak);
        peaks.iter_mut().zip(peak).for_each(|(peaks, peak)| peaks.push(peak));
    }
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
