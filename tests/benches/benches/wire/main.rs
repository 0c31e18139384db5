//! Benchmark of the rewriter: finding the payloads of a history page, and writing the page again with
//! others, beside prost, which decodes the page and encodes it. All run in one process, turn by turn.
//!
//! `cargo bench --manifest-path tests/benches/Cargo.toml --bench wire`

mod page;

use std::{env, hint::black_box, time::Instant};

use bytes::Bytes;
use cloakroom_wire::{MessageType, Schema, scan, splice};
use prost::Message as _;
use temporalio_protos::temporal::api::workflowservice::v1::GetWorkflowExecutionHistoryResponse;

const SIZES: [usize; 3] = [100, 1000, 64 << 10];

const TURNS: usize = 41;

/// Bytes that sealing adds to a payload.
const SEAL: usize = 60;

fn main() {
    let filter = env::args().skip(1).find(|arg| !arg.starts_with('-')).unwrap_or_default();
    if !"wire".contains(&*filter) {
        return;
    }
    println!(
        "| page of 4 MiB | scan | scan and rewrite | prost, decode | prost, decode and encode |"
    );
    println!("|---|--:|--:|--:|--:|");
    for size in SIZES {
        let page = page::page(size);
        let times = measure(message(), &page, size);
        let rates = times.map(|seconds| format!("{:.2} GB/s", page.len() as f64 / 1e9 / seconds));
        println!("| payloads of {size} B | {} |", rates.join(" | "));
    }
}

fn message() -> MessageType {
    let path = "/temporal.api.workflowservice.v1.WorkflowService/GetWorkflowExecutionHistory";
    Schema::temporal().method(path).expect("is in the table").response
}

/// Returns the medians of what the columns say, in seconds.
fn measure(message: MessageType, page: &Bytes, size: usize) -> [f64; 4] {
    let sealed = Bytes::from(vec![9; size + SEAL]);
    let found = || scan(message, black_box(page)).expect("is well-formed");
    let rewritten = || {
        let found = found();
        splice(&found, vec![Some(sealed.clone()); found.sites().len()]).expect("fits")
    };
    let decoded =
        || GetWorkflowExecutionHistoryResponse::decode(black_box(&**page)).expect("is well-formed");
    assert!(found().sites().len() > 50 && rewritten().len() > page.len());
    let mut turns: [Vec<f64>; 4] = Default::default();
    for _ in 0..TURNS {
        turns[0].push(seconds(found));
        turns[1].push(seconds(rewritten));
        turns[2].push(seconds(decoded));
        turns[3].push(seconds(|| decoded().encode_to_vec()));
    }
    turns.map(median)
}

/// Returns the time of one call. What it returns is dropped after that, as it is by who gets it.
fn seconds<T>(run: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    let result = black_box(run());
    let seconds = start.elapsed().as_secs_f64();
    drop(result);
    seconds
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
