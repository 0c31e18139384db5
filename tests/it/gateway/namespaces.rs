//! Payloads that cross namespaces, on a real server with several.

pub(super) mod by_hand;

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use cloakroom::{
    Cloakroom, CloakroomBuilder, Context,
    keys::{KeyMaterial, Ring},
};
use cloakroom_temporal::payload_from_sdk;
use cloakroom_tests::rigs::{DevOptions, DevServer};
use temporalio_client::{Connection, tonic::Code};
use temporalio_common::protos::temporal::api::{
    command::v1::{
        CompleteWorkflowExecutionCommandAttributes,
        SignalExternalWorkflowExecutionCommandAttributes,
        StartChildWorkflowExecutionCommandAttributes, command::Attributes as Write,
    },
    common::v1::{Payloads, WorkflowExecution},
    history::v1::history_event::Attributes as Event,
};

use self::by_hand::{Side, create, events, payloads, queue, type_name};
use super::harness::{CANARY, Served};
use crate::worker::{folder_driver, holds, opened, stages};

/// `billing` and `shop` have rings of their own and share with each other; `audit` has neither, and leaves
/// everything in its histories.
const NAMESPACES: &str = "[namespace.shop]\nshares = [\"billing\"]\nring = \"shop-keys\"\n\
                          [namespace.billing]\nshares = [\"shop\"]\nring = \"billing-keys\"\n\
                          [[storage.rule]]\nstore_with = \"inline\"\ntask_queue = \"audit-*\"\n";

/// A server that these tests share: none of them sends a canary past a gateway.
fn server() -> &'static DevServer {
    static SERVER: OnceLock<DevServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        let dynamic = &[("system.enableCrossNamespaceCommands", "true")];
        let server = DevServer::start(DevOptions { dynamic, ..DevOptions::default() });
        ["shop", "billing", "audit"].iter().for_each(|namespace| create(&server, namespace));
        server
    })
}

/// Encrypts, stores what is large, and binds claims to their namespaces.
async fn cloakroom(folder: &Path, upstream: &str) -> Cloakroom {
    builder(folder, upstream, NAMESPACES).open().await.unwrap()
}

fn builder(folder: &Path, upstream: &str, namespaces: &str) -> CloakroomBuilder {
    let storage = "[storage]\nthreshold = \"64KiB\"\ncache.memory = \"0B\"\n\
                   claims = { policy = \"require\", ring = \"payments\", bind_namespace = true }\n";
    let gateway = format!("[gateway.temporal]\nupstream = \"{upstream}\"\n");
    let storage = storage.to_owned() + &folder_driver("local", folder) + &gateway + namespaces;
    let granted = "grants.keys = [\"payments\", \"shop-keys\", \"billing-keys\"]";
    let text = stages(false).replace("grants.keys = [\"payments\"]", granted) + &storage;
    let ring = |byte| Arc::new(Ring::single("2026-11", &KeyMaterial::new([byte; 32])).unwrap());
    opened(text).with_key_ring("shop-keys", ring(2)).with_key_ring("billing-keys", ring(3))
}

/// A text of so many bytes that does not get small.
fn text(bytes: usize) -> String {
    format!("{CANARY}{}", hex::encode(cloakroom_tests::noise(bytes / 2)))
}

fn start_child(namespace: &str, id: &str, task_queue: &str, input: &str) -> Write {
    #[expect(deprecated, reason = "no other field names the namespace")]
    let child = StartChildWorkflowExecutionCommandAttributes {
        namespace: namespace.to_owned(),
        workflow_id: id.to_owned(),
        workflow_type: type_name("Child"),
        task_queue: queue(task_queue),
        input: payloads(input),
        ..Default::default()
    };
    Write::StartChildWorkflowExecutionCommandAttributes(child)
}

fn signal(namespace: &str, id: &str, input: &str) -> Write {
    #[expect(deprecated, reason = "no other field names the namespace")]
    let signal = SignalExternalWorkflowExecutionCommandAttributes {
        namespace: namespace.to_owned(),
        execution: Some(WorkflowExecution { workflow_id: id.to_owned(), ..Default::default() }),
        signal_name: "go".to_owned(),
        input: payloads(input),
        ..Default::default()
    };
    Write::SignalExternalWorkflowExecutionCommandAttributes(signal)
}

pub(super) fn result(text: &str) -> Write {
    let complete = CompleteWorkflowExecutionCommandAttributes { result: payloads(text) };
    Write::CompleteWorkflowExecutionCommandAttributes(complete)
}

/// The input of a child, its result, and a signal, small and stored. Then a gateway that has seen none
/// of it reads both histories.
#[tokio::test(flavor = "multi_thread")]
async fn payloads_cross_between_namespaces_that_share() {
    let (server, folder) = (server(), tempfile::tempdir().unwrap());
    let cloakroom = cloakroom(folder.path(), &server.url()).await;
    let gateway = Served::start(&cloakroom).await;
    let mut shop = Side::connect(&gateway.url(), "shop").await;
    let mut billing = Side::connect(&gateway.url(), "billing").await;
    let mut runs = Vec::new();
    for (input, output) in [(text(100), text(200)), (text(200_000), text(300_000))] {
        let parent = shop.start(&input).await;
        let child = format!("{parent}-child");
        let task = shop.poll().await;
        let commands = vec![start_child("billing", &child, &billing.queue, &input)];
        shop.complete(&task, commands).await.unwrap();
        let task = billing.poll().await;
        let Some(Event::WorkflowExecutionStartedEventAttributes(started)) =
            events(&task).into_iter().next()
        else {
            panic!("no first event");
        };
        assert!(started.input == payloads(&input));
        billing.complete(&task, vec![signal("shop", &parent, &output)]).await.unwrap();
        // The server drops the signal of a workflow that has ended, so it is delivered first.
        let task = billing.poll().await;
        billing.complete(&task, vec![result(&output)]).await.unwrap();
        // One task for the start of the child, one for the signal and one for the result, or fewer.
        let mut seen = [false, false];
        while seen != [true, true] {
            let task = shop.poll().await;
            for event in events(&task) {
                match event {
                    Event::ChildWorkflowExecutionCompletedEventAttributes(completed) => {
                        assert!(completed.result == payloads(&output));
                        seen[0] = true;
                    }
                    Event::WorkflowExecutionSignaledEventAttributes(signaled) => {
                        assert!(signaled.input == payloads(&output));
                        seen[1] = true;
                    }
                    _ => {}
                }
            }
            shop.complete(&task, Vec::new()).await.unwrap();
        }
        runs.push((parent, child));
    }
    assert!(!server.holds(CANARY.as_bytes()) && !holds(folder.path(), CANARY));
    let stored = folder.path().join("v0/ns");
    assert!(stored.join("billing/wt/Child").is_dir(), "a child's input belongs to the child");
    let parent = stored.join("shop/wt/null/wi").join(&runs[1].0);
    assert!(parent.is_dir(), "a result and a signal belong to the workflow that reads them");
    gateway.end().await;

    let gateway = Served::start(&cloakroom).await;
    let shop = Side::connect(&gateway.url(), "shop").await;
    let billing = Side::connect(&gateway.url(), "billing").await;
    for (parent, child) in runs {
        assert!(shop.history(&parent, "").await.unwrap().len() > 5);
        assert!(billing.history(&child, "").await.unwrap().len() > 3);
    }
    gateway.end().await;
}

/// Another ring for a namespace: what was sealed before stays readable while the old one is listed. A
/// payload that is copied into another tenant's history opens under no ring of that one.
#[tokio::test(flavor = "multi_thread")]
async fn rings_are_swapped_and_no_other_namespace_has_them() {
    let (server, folder) = (server(), tempfile::tempdir().unwrap());
    let cloakroom = cloakroom(folder.path(), &server.url()).await;
    let gateway = Served::start(&cloakroom).await;
    let mut shop = Side::connect(&gateway.url(), "shop").await;
    let direct = Side::connect(&server.url(), "shop").await;
    let before = shop.start(CANARY).await;
    let sealed = started(direct.history(&before, "").await.unwrap());
    assert_eq!(sealed.payloads[0].metadata["sealed-key"], b"2026-11");

    let mut audit = Side::connect(&server.url(), "audit").await;
    let copied = audit.start_with(Some(sealed.clone())).await.unwrap();
    let audit = Side::connect(&gateway.url(), "audit").await;
    let status = audit.history(&copied, "").await.unwrap_err();
    assert!(status.message().contains("for another namespace"), "{}", status.message());

    let next = NAMESPACES.replace("shop-keys", "billing-keys");
    let listed =
        next.replacen("[namespace.billing]", "old_rings = [\"shop-keys\"]\n[namespace.billing]", 1);
    cloakroom.replace(builder(folder.path(), &server.url(), &listed)).await.unwrap();
    let after = shop.start(CANARY).await;
    for id in [&before, &after] {
        assert_eq!(Some(started(shop.history(id, "").await.unwrap())), payloads(CANARY));
    }
    cloakroom.replace(builder(folder.path(), &server.url(), &next)).await.unwrap();
    assert_eq!(Some(started(shop.history(&after, "").await.unwrap())), payloads(CANARY));
    let status = shop.history(&before, "").await.unwrap_err();
    assert!(
        status.message().contains("`billing-keys` of namespace `shop`"),
        "{}",
        status.message()
    );
    gateway.end().await;

    // The SDK's connection has the same rings.
    let hooked = cloakroom.temporal_connection().options_for_url(&server.url()).unwrap();
    let mut hooked = Side::over(Connection::connect(hooked).await.unwrap(), "shop").await;
    let id = hooked.start(CANARY).await;
    let sealed = started(direct.history(&id, "").await.unwrap());
    let decode = async |namespace| {
        let payload = payload_from_sdk(sealed.payloads[0].clone());
        cloakroom.decode(&Context::namespace(namespace), vec![payload]).await
    };
    assert!(decode("shop").await.is_ok() && decode("audit").await.is_err());
    assert_eq!(Some(started(hooked.history(&id, "").await.unwrap())), payloads(CANARY));
}

/// Returns the input in the first event.
fn started(events: Vec<Event>) -> Payloads {
    match events.into_iter().next() {
        Some(Event::WorkflowExecutionStartedEventAttributes(started)) => started.input.unwrap(),
        other => panic!("{other:?}"),
    }
}

/// A namespace that could not open a payload does not get it, and the sender learns which one and why.
#[tokio::test(flavor = "multi_thread")]
async fn payloads_for_a_namespace_without_leave_are_not_sent() {
    let (server, folder) = (server(), tempfile::tempdir().unwrap());
    let cloakroom = cloakroom(folder.path(), &server.url()).await;
    let gateway = Served::start(&cloakroom).await;
    let mut shop = Side::connect(&gateway.url(), "shop").await;
    let parent = shop.start("input").await;
    let task = shop.poll().await;
    let commands = vec![start_child("audit", "child", "queue", "input")];
    let status = shop.complete(&task, commands).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    let says = status.message();
    assert!(
        says.contains(
            "commands[0].start_child_workflow_execution_command_attributes.input.payloads: "
        ) && says.contains("namespace `shop` would cross to namespace `audit`")
            && says.contains("namespace.NAME.shares"),
        "{says}"
    );
    let events = shop.history(&parent, "").await.unwrap();
    let is_child = |event: &Event| {
        matches!(event, Event::StartChildWorkflowExecutionInitiatedEventAttributes(_))
    };
    assert!(!events.iter().any(is_child));
    let is_failed = |event: &Event| match event {
        Event::WorkflowTaskFailedEventAttributes(failed) => {
            failed.failure.as_ref().is_some_and(|failure| failure.message.contains("`audit`"))
        }
        _ => false,
    };
    assert!(events.iter().any(is_failed), "the task is failed with the reason");
    // By the rule about its queue.
    Side::connect(&gateway.url(), "audit").await.start(&text(200_000)).await;
    shop.start(&text(200_000)).await;
    let stored = folder.path().join("v0/ns");
    assert!(stored.join("shop").is_dir() && !stored.join("audit").exists());
    gateway.end().await;
}

/// A gateway that saw nothing of the child's run asks for its parent, and refuses a result for one that
/// may not read it.
#[tokio::test(flavor = "multi_thread")]
async fn the_parent_of_a_run_is_asked_for_if_it_was_not_seen() {
    let (server, folder) = (server(), tempfile::tempdir().unwrap());
    let cloakroom = cloakroom(folder.path(), &server.url()).await;
    let gateway = Served::start(&cloakroom).await;
    // Started past the gateway, where nothing keeps it from crossing.
    let mut audit = Side::connect(&server.url(), "audit").await;
    let mut billing = Side::connect(&server.url(), "billing").await;
    let parent = audit.start("input").await;
    let child = format!("{parent}-child");
    let task = audit.poll().await;
    let started = start_child("billing", &child, &billing.queue, "");
    audit.complete(&task, vec![started]).await.unwrap();
    let task = billing.poll().await;
    let queue = billing.queue.clone();
    billing = Side::connect(&gateway.url(), "billing").await;
    billing.queue = queue;
    let status = billing.complete(&task, vec![result("output")]).await.unwrap_err();
    let says = status.message();
    assert!(says.contains("namespace `billing` would cross to namespace `audit`"), "{says}");
    gateway.end().await;
}
