//! Benchmark of the rewriter: finding the payloads of a history page, and writing the page again with
//! others, beside prost, which decodes the page and encodes it. All run in one process, turn by turn.
//!
//! `cargo xtask bench wire`

mod page;

use std::hint::black_box;

use bytes::Bytes;
use cloakroom_benches::{Cell, Report, Samples, Table, timed};
use cloakroom_wire::{MessageType, Schema, scan, splice};
use prost::Message as _;
use temporalio_protos::temporal::api::workflowservice::v1::GetWorkflowExecutionHistoryResponse;

const SIZES: [usize; 3] = [100, 1000, 64 << 10];

const TURNS: usize = 41;

/// Bytes that sealing adds to a payload.
const SEAL: usize = 60;

fn main() {
    let Some(mut report) = Report::start("wire") else { return };
    let mut table = Table::new(
        "page of 4 MiB",
        &["payloads", "scan", "scan and rewrite", "prost, decode", "prost, decode and encode"],
    );
    for size in SIZES {
        let page = page::page(size);
        let rate = |times: Samples| Cell::throughput(&times.map(|time| page.len() as f64 / time));
        let rates = measure(message(), &page, size).map(rate);
        table.row([Cell::from(format!("{size} B"))].into_iter().chain(rates));
        report.progress();
    }
    report.print(table);
    report.finish();
}

fn message() -> MessageType {
    let path = "/temporal.api.workflowservice.v1.WorkflowService/GetWorkflowExecutionHistory";
    Schema::temporal().method(path).expect("is in the table").response
}

/// Returns the seconds of what the columns say.
fn measure(message: MessageType, page: &Bytes, size: usize) -> [Samples; 4] {
    let sealed = Bytes::from(vec![9; size + SEAL]);
    let found = || scan(message, black_box(page)).expect("is well-formed");
    let rewritten = || {
        let found = found();
        splice(&found, vec![Some(sealed.clone()); found.sites().len()]).expect("fits")
    };
    let decoded =
        || GetWorkflowExecutionHistoryResponse::decode(black_box(&**page)).expect("is well-formed");
    assert!(found().sites().len() > 50 && rewritten().len() > page.len());
    let mut turns: [Samples; 4] = Default::default();
    for _ in 0..TURNS {
        turns[0].push(timed(found));
        turns[1].push(timed(rewritten));
        turns[2].push(timed(decoded));
        turns[3].push(timed(|| decoded().encode_to_vec()));
    }
    turns
}
