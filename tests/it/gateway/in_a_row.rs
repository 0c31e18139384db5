//! Two gateways in a row: the inner one at the worker, the outer one at the frontend.

use std::time::Duration;

use cloakroom::Cloakroom;
use temporalio_client::{WorkflowGetResultOptions, WorkflowStartOptions};

use super::{
    harness::{Served, plain_client, plain_worker},
    undecodable::rig::show,
};
use crate::worker::{Helper, opened, server, stages, unique, until};

/// A gateway to this address, with these keys of `[gateway.temporal]`.
async fn gateway(upstream: &str, stages: &str, keys: &str) -> Served {
    let text = format!("{stages}\n[gateway.temporal]\nupstream = \"{upstream}\"\n{keys}\n");
    let cloakroom: Cloakroom = opened(text).open().await.unwrap();
    Served::start(&cloakroom).await
}

/// Starts a workflow through both, and returns its id and its result.
async fn run_through(inner: &Served, name: &str) -> (String, tokio::task::JoinHandle<String>) {
    let (queue, client) = (unique(name), plain_client(&inner.url()).await);
    // Only the first attempt of a task says why it failed. On a busy machine it takes longer than the
    // usual ten seconds, and would time out in silence.
    let options = WorkflowStartOptions::new(queue.as_str(), unique(name));
    let options = options.task_timeout(Duration::from_secs(120)).build();
    let started = client.start_workflow(Helper::run, "carried".to_owned(), options);
    let handle = started.await.unwrap();
    let id = handle.info().workflow_id.clone();
    let worker = plain_worker(inner, &queue);
    let result = tokio::spawn(async move {
        let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
        drop(worker);
        result
    });
    (id, result)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outer_gateway_that_does_not_decode_leaves_it_to_the_inner_one() {
    let outer = gateway(&server().url(), &stages(false), "decode = false").await;
    let inner = gateway(&outer.url(), &stages(false), "").await;
    let (_, result) = run_through(&inner, "outer").await;
    assert_eq!(result.await.unwrap(), "carried");
    inner.end().await;
    outer.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inner_gateway_that_requires_nothing_takes_what_is_decoded() {
    let outer = gateway(&server().url(), &stages(false), "").await;
    let lenient = stages(false).replace("required = true", "required = false");
    let inner = gateway(&outer.url(), &lenient, "").await;
    let (_, result) = run_through(&inner, "inner").await;
    assert_eq!(result.await.unwrap(), "carried");
    inner.end().await;
    outer.end().await;
}

/// The error names the reason, which is not a forged payload.
#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_is_required_behind_a_gateway_that_decodes_says_so() {
    let outer = gateway(&server().url(), &stages(false), "").await;
    let inner = gateway(&outer.url(), &stages(false), "").await;
    let (id, result) = run_through(&inner, "both").await;
    let says = async || {
        // The outer one encodes the texts of failures, and shows them.
        let (_, history) = show(&outer.address.to_string(), &id);
        let reason = "another gateway has decoded this answer";
        if history.contains(reason) { Ok(()) } else { Err(history) }
    };
    until(says).await;
    result.abort();
    inner.end().await;
    outer.end().await;
}
