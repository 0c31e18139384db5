//! The gateway beside other proxies: how long a call takes through each, and what processor time the
//! proxy needs for it.
//!
//! Client, proxy and a stub of Temporal's frontend are processes of their own on the same machine.
//! Connections are plaintext, messages are not compressed. Proxies take turns, so that all meet the same
//! machine.
//!
//! `cargo xtask bench gateway`

mod client;
mod envoy;
mod forwarder;
mod messages;
mod proxy;
mod report;
mod stub;

use std::env;

use tokio::runtime::{Builder, Runtime};

use crate::{
    client::Turn,
    messages::{Messages, Story},
    proxy::Proxy,
    report::Row,
};

const ROUNDS: usize = 7;

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["stub", address, page] => return runtime().block_on(stub::serve(address, page)),
        ["forwarder", address, to] => return runtime().block_on(forwarder::serve(address, to)),
        _ => {}
    }
    if args.iter().any(|arg| !arg.starts_with('-') && !"gateway".contains(&**arg)) {
        return;
    }
    let runtime = runtime();
    let messages = runtime.block_on(Messages::make());
    let mut rows = Vec::new();
    for story in messages.stories() {
        rows.push(measure(&runtime, &messages, story));
    }
    report::print(&rows);
}

/// Measures one kind of call through every proxy.
fn measure(runtime: &Runtime, messages: &Messages, story: &Story) -> Row {
    let stub = Proxy::stub(&messages.page(story));
    let proxies = Proxy::all(&stub, messages, story);
    let mut turns: Vec<Vec<Turn>> = proxies.iter().map(|_| Vec::new()).collect();
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
        report::progress();
    }
    let peaks = proxies.iter().map(Proxy::peak);
    let names = proxies.iter().map(|proxy| proxy.name);
    Row::new(story, names.zip(turns).zip(peaks))
}

/// One thread, so that a proxy has the other processor.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}
