//! Benchmark of a worker: the delay that slow downloads cause in its other workflows. It is run by
//! `cargo xtask bench worker`.
//!
//! The SDK decodes one activation after the other, and waits for each. The baseline is therefore a
//! codec that only sleeps, as long as the store delays a download. It shows the delay that the SDK
//! imposes on any codec. A connection that encodes is not a codec, and decodes each task by itself.

mod contestant;
mod story;

use std::{error::Error, time::Duration};

use cloakroom_benches::{Cell, Report, Samples, Table};
use cloakroom_tests::rigs::{DevOptions, DevServer};

use crate::contestant::Contestant;

/// By so much each download is slow.
pub(crate) const SLOW: Duration = Duration::from_millis(400);

/// So many workflows begin at once, each with one payload to be downloaded.
pub(crate) const DOWNLOADS: usize = 8;

/// The contestants take turns.
const TURNS: usize = 3;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Some(mut report) = Report::start("worker") else { return Ok(()) };
    let server = DevServer::start(DevOptions::default());
    let contestants = [Contestant::Sleeps, Contestant::Converter, Contestant::Connection];
    let mut told: [[Samples; 3]; 3] = Default::default();
    for turn in 0..TURNS {
        for (contestant, [before, held_up, downloaded]) in contestants.into_iter().zip(&mut told) {
            let story = story::run(&server, contestant, turn).await?;
            before.push(story.before.as_secs_f64());
            held_up.push(story.held_up.as_secs_f64());
            downloaded.push(story.downloaded.as_secs_f64());
            report.progress();
        }
    }
    let name = format!("{DOWNLOADS} downloads of {} ms each", SLOW.as_millis());
    let mut table = Table::new(
        "a query beside slow downloads",
        &[
            &name,
            "a query before",
            "queries held up for, in all",
            "all downloaded after",
            "times what the SDK forces upon a codec",
        ],
    );
    let [[_, _, forced], ..] = &told;
    for (contestant, [before, held_up, downloaded]) in contestants.into_iter().zip(&told) {
        table.row([
            contestant.title().into(),
            Cell::time(before),
            Cell::time(held_up),
            Cell::time(downloaded),
            Cell::ratio(downloaded, forced),
        ]);
    }
    report.print(table);
    report.finish();
    Ok(())
}
