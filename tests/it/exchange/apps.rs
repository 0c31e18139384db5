//! Payloads of several apps, and signed history of one that another reads.

use super::*;

/// Opens the gateways of the apps `orders` and `audit`, with these rules of namespaces.
async fn pair(folder: &Path, rules: &str) -> [Exchange; 2] {
    let text = stages(true) + &in_folder("local", folder) + rules;
    let cloakroom = opened(text).open().await.unwrap();
    ["orders", "audit"].map(|app| Exchange::new(cloakroom.clone(), ExchangeSettings::new(app)))
}

/// One action for the app `audit`.
fn answer(action: WorkflowActionType) -> Bytes {
    let router = protos::TaskRouter {
        source_app_id: "orders".into(),
        target_app_id: Some("audit".into()),
        ..Default::default()
    };
    let action = protos::WorkflowAction {
        router: Some(router),
        workflow_action_type: Some(action),
        ..Default::default()
    };
    let instance_id = "order-17".into();
    bytes(&protos::WorkflowResponse { instance_id, actions: vec![action], ..Default::default() })
}

fn activity(input: Option<String>) -> WorkflowActionType {
    let name = "Check".into();
    WorkflowActionType::ScheduleTask(protos::ScheduleTaskAction {
        name,
        input,
        ..Default::default()
    })
}

fn detached(input: String) -> WorkflowActionType {
    let input = Some(input);
    let detached = protos::CreateDetachedWorkflowAction { input, ..Default::default() };
    WorkflowActionType::CreateDetachedWorkflow(detached)
}

async fn refusal(exchange: &Exchange, action: WorkflowActionType) -> String {
    let refused = exchange.encode_request(&call(TURN), answer(action)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Denied);
    let text = refused.report();
    assert!(!text.contains(CANARY), "{text}");
    text
}

/// An input must be readable there, and a result here. Nothing that an app could not read is sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_another_app_is_sent_only_if_both_may_read_what_they_get() {
    let folder = tempfile::tempdir().unwrap();
    let there = "[namespace.orders]\nshares = [\"audit\"]\n";
    let back = "[namespace.audit]\nshares = [\"orders\"]\n";
    let off = "[namespace.audit]\nmode = \"off\"\n";
    for (rules, action, says) in [
        (
            back,
            activity(Some(value(10))),
            "actions[0].scheduleTask.input.value: a payload of app `orders`",
        ),
        (
            there,
            activity(Some(value(10))),
            "the result of WorkflowResponse.actions[0].scheduleTask: a payload of app `audit`",
        ),
        (there, activity(None), "would go to app `orders`, which may not open it"),
        (back, detached(value(10)), "(`namespace.NAME.shares`)"),
        (
            &(there.to_owned() + off),
            activity(Some(value(10))),
            "app `audit`, whose namespace is off",
        ),
    ] {
        let [orders, _] = pair(folder.path(), rules).await;
        let text = refusal(&orders, action).await;
        assert!(text.contains(says), "{text}");
    }
    let [orders, audit] = pair(folder.path(), &(there.to_owned() + back)).await;
    for value in [value(10), value(300_000)] {
        let sent = encode(&orders, TURN, answer(activity(Some(value.clone())))).await;
        let sent = protos::WorkflowResponse::decode(sent).unwrap().actions.remove(0);
        let Some(WorkflowActionType::ScheduleTask(task)) = sent.workflow_action_type else {
            panic!("another action");
        };
        let request = protos::ActivityRequest { input: task.input, ..Default::default() };
        let item = |request| protos::WorkItem {
            request: Some(protos::work_item::Request::ActivityRequest(request)),
            ..Default::default()
        };
        let got = decode(&audit, &item(request)).await.unwrap();
        let read = protos::ActivityRequest { input: Some(value.clone()), ..Default::default() };
        assert!(got == bytes(&item(read)));
        let result = encoded_result(&audit, 0, value.clone()).await;
        let got = decode(&orders, &turn(vec![], vec![completed(0, result)])).await.unwrap();
        assert!(got == bytes(&turn(vec![], vec![completed(0, Some(value))])));
    }
    // An event without a payload and a result needs nothing.
    let [orders, _] = pair(folder.path(), "").await;
    let event = WorkflowActionType::SendEvent(protos::SendEventAction::default());
    assert_eq!(encode(&orders, TURN, answer(event.clone())).await, answer(event));
}

/// A turn of `audit` with history of the app `orders` that has this result.
fn inherited(result: Option<String>, signed: bool) -> protos::WorkItem {
    let event = |result| completed(0, result).encode_to_vec();
    let chunk = protos::PropagatedHistoryChunk {
        raw_events: vec![event(result), event(None)],
        app_id: "orders".into(),
        instance_id: "order-17".into(),
        raw_signatures: if signed { vec![b"signature".to_vec()] } else { vec![] },
        signing_cert_chains: if signed { vec![b"chain".to_vec()] } else { vec![] },
        ..Default::default()
    };
    let empty = protos::PropagatedHistoryChunk {
        raw_events: vec![event(None)],
        raw_signatures: vec![b"other".to_vec()],
        signing_cert_chains: vec![b"another".to_vec()],
        ..chunk.clone()
    };
    let mut item = turn(vec![], vec![started(None)]);
    if let Some(protos::work_item::Request::WorkflowRequest(request)) = &mut item.request {
        let chunks = vec![empty, chunk];
        request.propagated_history = Some(protos::PropagatedHistory { scope: 2, chunks });
    }
    item
}

/// The app gets the history decoded. A chunk keeps its signatures unless one of its events is decoded.
#[tokio::test(flavor = "multi_thread")]
async fn signed_history_of_another_app_is_read_without_its_signatures() {
    let folder = tempfile::tempdir().unwrap();
    let rules = "[namespace.orders]\nshares = [\"audit\"]\n";
    let [orders, audit] = pair(folder.path(), rules).await;
    for value in [value(10), value(300_000)] {
        let result = encoded_result(&orders, 0, value.clone()).await;
        for signed in [false, true] {
            let got = decode(&audit, &inherited(result.clone(), signed)).await.unwrap();
            assert!(got == bytes(&inherited(Some(value.clone()), false)), "signed: {signed}");
        }
    }
    // Plaintext is not let in by a signature, where a stage is required.
    let Err(Refused::Undecodable(error)) = decode(&audit, &inherited(Some("1".into()), true)).await
    else {
        panic!("plaintext passed");
    };
    assert_eq!(error.kind(), ErrorKind::Unsealed);
    // Where nothing is to be decoded, all of it passes as it is.
    let plain =
        Exchange::new(cloakroom_tests::pipeline().build().unwrap(), ExchangeSettings::new("audit"));
    let sealed = encoded_result(&orders, 0, value(10)).await;
    for result in [None, Some("\"cloakroom: a text\"".to_owned()), sealed] {
        let item = inherited(result, true);
        assert_eq!(decode(&plain, &item).await.unwrap(), bytes(&item));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn history_of_an_app_that_does_not_share_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let [orders, audit] = pair(folder.path(), "").await;
    let result = encoded_result(&orders, 0, value(10)).await;
    for signed in [false, true] {
        let refused = decode(&audit, &inherited(result.clone(), signed)).await;
        let Err(Refused::Undecodable(error)) = refused else { panic!("it was decoded") };
        let text = error.report();
        let facts = [
            "propagatedHistory.chunks[1].rawEvents[0].taskCompleted.result.value",
            "which app `orders` wrote and app `audit` may not open",
            "namespace.NAME.shares",
        ];
        assert!(facts.iter().all(|fact| text.contains(fact)), "{text}");
    }
}

/// A child in another app may not end with what its parent could not read. What it carries into its next run
/// is for itself.
#[tokio::test(flavor = "multi_thread")]
async fn the_result_of_a_child_is_for_its_parent_and_what_it_carries_for_itself() {
    let folder = tempfile::tempdir().unwrap();
    let [_, audit] = pair(folder.path(), "").await;
    let parent = protos::ParentInstanceInfo { app_id: Some("orders".into()), ..Default::default() };
    let start = protos::ExecutionStartedEvent {
        name: "Check".into(),
        parent_instance: Some(parent),
        ..Default::default()
    };
    let item = turn(vec![], vec![event(-1, EventType::ExecutionStarted(start))]);
    decode(&audit, &item).await.unwrap();
    let end = |status: protos::OrchestrationStatus| {
        let complete = protos::CompleteWorkflowAction {
            workflow_status: status.into(),
            result: Some(value(10)),
            ..Default::default()
        };
        let action = protos::WorkflowAction {
            workflow_action_type: Some(WorkflowActionType::CompleteWorkflow(complete)),
            ..Default::default()
        };
        let instance_id = "order-17".into();
        let actions = vec![action];
        bytes(&protos::WorkflowResponse { instance_id, actions, ..Default::default() })
    };
    let completed = end(protos::OrchestrationStatus::Completed);
    let refused = audit.encode_request(&call(TURN), completed).await.unwrap_err().report();
    let says = "completeWorkflow.result.value: a payload of app `audit` would go to app `orders`";
    assert!(refused.contains(says), "{refused}");
    let carried = end(protos::OrchestrationStatus::ContinuedAsNew);
    assert!(!holds(&encode(&audit, TURN, carried).await, CANARY));
}

/// History that an instance inherited is a part of each dispatch, signatures and all.
#[tokio::test(flavor = "multi_thread")]
async fn inherited_history_counts_in_predictions() {
    let settings = ExchangeSettings { max_body_size: 100_000, ..ExchangeSettings::new("audit") };
    let audit = Exchange::new(cloakroom_tests::pipeline().build().unwrap(), settings);
    let item = inherited(Some(value(100_000)), true);
    let Some(protos::work_item::Request::WorkflowRequest(request)) = &item.request else {
        panic!("another item");
    };
    let inherited = request.propagated_history.as_ref().unwrap().encoded_len() as u64;
    decode(&audit, &item).await.unwrap();
    let next = answer(activity(Some("1".into())));
    let stalls = audit.encode_request(&call(TURN), next).await.unwrap().stalls;
    let [stall] = &*stalls else { panic!("{stalls:?}") };
    assert!(stall.activity.is_none() && stall.size > inherited, "{stall:?}");
    assert!(stall.size < inherited + 500, "{stall:?}");
}
