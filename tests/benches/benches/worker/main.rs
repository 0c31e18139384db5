//! Benchmark of a worker: the delay that slow downloads cause in its other workflows. It is run by
//! `cargo xtask bench worker`.
//!
//! The SDK decodes one activation after the other, and waits for each. The baseline is therefore a
//! codec that only sleeps, as long as the store delays a download. It shows the delay that the SDK
//! imposes on any codec. A connection that encodes is not a codec, and decodes each task by itself.

mod contestant;
mod story;

use std::{error::Error, time::Duration};

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
    let filter: Vec<_> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    if !filter.is_empty() && !filter.iter().any(|word| "worker".contains(&**word)) {
        return Ok(());
    }
    let server = DevServer::start(DevOptions::default());
    println!(
        "\n{DOWNLOADS} workflows begin at once, and each download takes {} ms. Another workflow of the \
         same worker is queried meanwhile:\n",
        SLOW.as_millis()
    );
    println!("| worker | a query before | queries held up for, in all | all downloaded after |");
    println!("|---|--:|--:|--:|");
    let mut after = [Vec::new(), Vec::new(), Vec::new()];
    for turn in 0..TURNS {
        for (contestant, after) in
            [Contestant::Sleeps, Contestant::Converter, Contestant::Connection]
                .into_iter()
                .zip(&mut after)
        {
            let told = story::run(&server, contestant, turn).await?;
            println!(
                "| {} | {} ms | {:.2} s | {:.2} s |",
                contestant.title(),
                told.before.as_millis(),
                told.held_up.as_secs_f64(),
                told.downloaded.as_secs_f64(),
            );
            after.push(told.downloaded.as_secs_f64());
        }
    }
    let [sleeps, converter, connection] = after.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[TURNS / 2]
    });
    println!(
        "\nOf what the SDK forces upon a codec, the converter takes {:.2} times, and the connection {:.2} \
         times (medians).",
        converter / sleeps,
        connection / sleeps
    );
    Ok(())
}
