//! The gateway beside other proxies: how long a call takes through each, and what processor time the
//! proxy needs for it.
//!
//! Client, proxy and a stub of Temporal's frontend are processes of their own on the same machine.
//! Proxies take turns, so that all meet the same machine. Temporal's own proxy is measured too where
//! `TEMPORAL_PROXY` names its program.
//!
//! `cargo xtask bench gateway`, or `cargo xtask bench gateway "16 callers"` for the calls with this
//! text in their title.
//!
//! `cargo xtask bench dapr` does the same before a stub of a sidecar: results of activities, calls that
//! pass, and turns of a workflow.

mod client;
mod dapr;
mod envoy;
mod forwarder;
mod kms;
mod memory;
mod message;
mod messages;
mod pages;
mod proxies;
mod proxy;
mod report;
mod story;
mod stub;
mod tls;

use std::env;

use cloakroom_benches::{Report, Turns};
use tokio::runtime::{Builder, Runtime};

use crate::{
    pages::{Encoding, Pages},
    proxies::{Kek, STAGES},
    proxy::Proxy,
    report::Row,
    story::Story,
};

const ROUNDS: usize = 7;

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["stub", address, page] => return runtime().block_on(stub::serve(address, page)),
        ["sidecar", address] => return runtime().block_on(dapr::stub::serve(address)),
        ["forwarder", address, to] => return runtime().block_on(forwarder::serve(address, to)),
        _ => {}
    }
    let runtime = runtime();
    if let Some(mut report) = Report::start("dapr") {
        let stub = proxies::sidecar();
        let stories = dapr::stories(report.filter());
        let rows = stories.iter().map(|story| measure(&runtime, &stub, story, &report));
        let rows: Vec<_> = rows.collect();
        report.print(report::table(&rows));
        report.finish();
    }
    let Some(mut report) = Report::start("gateway") else { return };
    let pages = Pages::new();
    let has_temporal = encode(&runtime, &pages);
    let mut stories = Story::all(&pages, report.filter());
    stories.retain(|story| story.page != Encoding::Temporal || has_temporal);
    let measured = stories.iter().map(|story| {
        let stub = proxies::stub(&pages.file(story.page));
        measure(&runtime, &stub, story, &report)
    });
    let rows: Vec<_> = measured.collect();
    report.print(report::table(&rows));
    if report.wants("memory") {
        let table = memory::measure(&runtime, &pages, &report);
        report.print(table);
    }
    report.finish();
}

/// Makes the pages with encoded payloads. Returns whether Temporal's own proxy was there for its page.
fn encode(runtime: &Runtime, pages: &Pages) -> bool {
    let stub = proxies::stub(&pages.file(Encoding::Plain));
    let any = Story::all(pages, "").remove(0);
    let gateway = proxies::gateway("gateway", STAGES, &any, stub.address);
    pages.encode(runtime, Encoding::Gateway, &gateway);
    let temporal = proxies::temporal(Some(&Kek::Test), stub.address);
    temporal.inspect(|proxy| pages.encode(runtime, Encoding::Temporal, proxy)).is_some()
}

/// Measures one kind of call through every proxy.
fn measure(runtime: &Runtime, stub: &Proxy, story: &Story, report: &Report) -> Row {
    let proxies = proxies::all(stub, story);
    let mut turns: Vec<Turns> = proxies.iter().map(|_| Turns::default()).collect();
    for round in 0..ROUNDS {
        for place in 0..proxies.len() {
            // Who begins finds the machine as the last one left it.
            let who = (place + round) % proxies.len();
            let turn = runtime.block_on(client::turn(&proxies[who], story));
            // The first round warms connections and caches.
            if round > 0 {
                turns[who].push(turn);
            }
        }
        report.progress();
    }
    let peaks = proxies.iter().map(Proxy::peak);
    let names = proxies.iter().map(|proxy| proxy.name);
    Row::new(story, names.zip(turns).zip(peaks))
}

/// One thread, so that a proxy has the other processor.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}
