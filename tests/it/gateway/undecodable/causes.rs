//! Causes that go away, and causes that somebody must remove.

use std::sync::Arc;

use cloakroom::keys::{KeyMaterial, Ring};
use cloakroom_tests::rigs::{bucket, moto};
use temporalio_client::WorkflowGetResultOptions;

use super::rig::{Rig, configuration, go, wait_for_failure};
use crate::{
    gateway::harness::{named, parcel, plain_client, plain_worker},
    worker::{Held, opening, server, unique, until},
};

/// A store that is down is asked again, without anybody's help.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_down_for_a_while() {
    let rig = Rig::start("down").await;
    let (worker, parcel) = (rig.worker(), parcel());
    let handle = rig.hold("return", &parcel).await;
    drop(worker);
    rig.tamper.down(true);
    let _worker = rig.worker();
    go(&handle).await;
    let asked = async || match rig.tamper.refused() {
        refused if refused > 20 => Ok(()),
        refused => Err(format!("the store was asked {refused} times")),
    };
    until(asked).await;
    rig.tamper.down(false);
    let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert!(result == parcel);
    rig.gateway.end().await;
}

/// Otherwise somebody who bypasses the gateway could pass off plaintext as a worker's.
#[tokio::test(flavor = "multi_thread")]
async fn plaintext_of_a_stranger_does_not_reach_the_worker() {
    let rig = Rig::start("forged").await;
    let _worker = rig.worker();
    let stranger = plain_client(&server().url()).await;
    let input = ("return".to_owned(), "forged".to_owned());
    let started = stranger.start_workflow(Held::run, input, named(&rig.queue, "forged"));
    let handle = started.await.unwrap();
    let history = wait_for_failure(&handle.info().workflow_id).await;
    assert!(history.contains("the payload arrived unsealed"), "{history}");
    handle.terminate(Default::default()).await.unwrap();
    rig.gateway.end().await;
}

/// The gateway of the worker lacks the key of the gateway that started the workflow, until a reload.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_missing_until_it_is_configured() {
    let name = unique("keyless");
    bucket(&moto().url(), &name);
    let rig = Rig::on(&name, "").await;
    let ring = |current| {
        let ring = Ring::builder()
            .with_key("test-key", &KeyMaterial::new(cloakroom_tests::KEY))
            .with_key("next-key", &KeyMaterial::new([7; 32]))
            .with_current(current);
        Arc::new(ring.build().unwrap())
    };
    let text = configuration(&rig.tamper, &name, "");
    let next = opening(&text).with_key_ring("payments", ring("next-key"));
    let starter = crate::gateway::harness::Served::start(&next.open().await.unwrap()).await;
    let client = plain_client(&starter.url()).await;
    let input = ("return".to_owned(), "little".to_owned());
    let started = client.start_workflow(Held::run, input, named(&rig.queue, "keyless"));
    let handle = started.await.unwrap();
    let _worker = plain_worker(&rig.gateway, &rig.queue);
    let history = wait_for_failure(&handle.info().workflow_id).await;
    assert!(history.contains("next-key"), "{history}");
    let both = opening(&text).with_key_ring("payments", ring("test-key"));
    rig.cloakroom.replace(both).await.unwrap();
    go(&handle).await;
    let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert_eq!(result, "little");
    starter.end().await;
    rig.gateway.end().await;
}

/// A worker that goes away while its task is decoded loses nothing: the task times out, and the next
/// worker gets it.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_cancels_while_the_store_is_asked() {
    let rig = Rig::start("cancelled").await;
    let parcel = parcel();
    let input = ("return".to_owned(), parcel.clone());
    let started = rig.client.start_workflow(Held::run, input, named(&rig.queue, "cancelled"));
    let handle = started.await.unwrap();
    go(&handle).await;
    rig.tamper.seen();
    rig.tamper.hang(true);
    let worker = rig.worker();
    let asked = async || match rig.tamper.seen().iter().any(|method| method == "GET") {
        true => Ok(()),
        false => Err("nothing was read"),
    };
    until(asked).await;
    drop(worker);
    rig.tamper.hang(false);
    let _worker = rig.worker();
    let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert!(result == parcel);
    rig.gateway.end().await;
}
