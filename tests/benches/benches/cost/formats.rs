//! Calls that read and write formats, without a plugin.

use std::{hint::black_box, sync::Arc};

use bytes::Bytes;
use cloakroom::{BoxFuture, Payload, temporal::json};
use cloakroom_tests::text;
use cloakroom_wire::{MessageType, Schema, scan, splice};

use crate::{
    calls::{KIB, Prepared, Run},
    page,
};

/// Bytes that sealing adds to a payload.
const SEAL: usize = 60;

#[derive(Clone, Copy)]
pub(crate) enum Call {
    /// The rewriter on a page of 4 MiB.
    Page,
    /// The JSON of codec servers.
    SmallJson,
    LargeJson,
}

impl Call {
    pub(crate) const ALL: [Self; 3] = [Self::Page, Self::SmallJson, Self::LargeJson];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Page => "page of 1,000 B payloads, scan and rewrite",
            Self::SmallJson => "JSON, read and write, 1 KiB",
            Self::LargeJson => "JSON, read and write, 256 KiB",
        }
    }

    pub(crate) fn prepare(self, runs: usize) -> Prepared {
        let work: Arc<dyn Fn() + Send + Sync> = match self {
            Self::Page => Arc::new(rewrite()),
            Self::SmallJson => Arc::new(copy_json(KIB)),
            Self::LargeJson => Arc::new(copy_json(256 * KIB)),
        };
        let runs = (0..runs).map(|_| {
            let work = work.clone();
            Box::new(move || -> BoxFuture<'static, ()> {
                let work = work.clone();
                Box::pin(async move { work() })
            }) as Run
        });
        Prepared { runs: runs.collect(), kept: Box::new(work.clone()) }
    }
}

fn rewrite() -> impl Fn() {
    let page = page::page(1000);
    let sealed = Bytes::from(vec![9; 1000 + SEAL]);
    move || {
        let found = scan(message(), black_box(&page)).expect("is well-formed");
        let replaced = vec![Some(sealed.clone()); found.sites().len()];
        assert!(black_box(splice(&found, replaced).expect("fits")).len() > page.len());
    }
}

fn message() -> MessageType {
    let path = "/temporal.api.workflowservice.v1.WorkflowService/GetWorkflowExecutionHistory";
    Schema::temporal().method(path).expect("is in the table").response
}

fn copy_json(size: usize) -> impl Fn() {
    let payload = Payload::new("json/plain", text(size));
    let written = json::write(&[payload]).expect("writes");
    move || {
        let payloads = json::read(black_box(&written)).expect("reads");
        assert!(black_box(json::write(&payloads).expect("writes")) == written);
    }
}
