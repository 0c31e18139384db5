//! Predictions of dispatches, against Dapr's arithmetic on the history that follows.

use cloakroom::{
    dapr::{Dispatch, DispatchGuard, Forecast, Stall, budget},
    pipeline::Verdict,
};

use super::*;

const MIB: i64 = 1 << 20;

fn settings() -> ExchangeSettings {
    ExchangeSettings { max_body_size: MIB, ..ExchangeSettings::new("orders") }
}

/// A workflow that runs one activity after the other, and its history as a sidecar keeps it.
struct Run<'a> {
    exchange: &'a Exchange,
    history: Vec<protos::HistoryEvent>,
    /// Dispatches that were predicted to stall.
    stalls: Vec<Forecast>,
}

impl<'a> Run<'a> {
    async fn start(exchange: &'a Exchange) -> Self {
        let start = protos::CreateInstanceRequest {
            instance_id: "order-17".into(),
            name: "Checkout".into(),
            input: Some("17".into()),
            ..Default::default()
        };
        let encoded = encode(exchange, START, bytes(&start)).await;
        let input = protos::CreateInstanceRequest::decode(encoded).unwrap().input;
        Self { exchange, history: vec![stamped(started(input))], stalls: vec![] }
    }

    /// Sends a turn, schedules an activity and passes its result. Returns what the next dispatch weighs.
    async fn activity(&mut self, task: i32, result: String) -> u64 {
        let (past, new) = self.history.split_at(self.history.len() - 1);
        decode(self.exchange, &turn(past.to_vec(), new.to_vec())).await.unwrap();
        let schedule = protos::ScheduleTaskAction {
            name: "Charge".into(),
            input: Some("1".into()),
            task_execution_id: "0d2f1f0e-5f0e-4a5e-9d5b-2f2f2f2f2f2f".into(),
            ..Default::default()
        };
        let action = protos::WorkflowAction {
            id: task,
            workflow_action_type: Some(WorkflowActionType::ScheduleTask(schedule)),
            ..Default::default()
        };
        let answer = protos::WorkflowResponse {
            instance_id: "order-17".into(),
            actions: vec![action],
            ..Default::default()
        };
        let sent = self.exchange.encode_request(&call(TURN), bytes(&answer)).await.unwrap();
        self.stalls.extend(sent.stalls);
        let turn = sent.bytes;
        let result = activity_result(task, result);
        let sent = self.exchange.encode_request(&call(RESULT), result).await.unwrap();
        self.stalls.extend(sent.stalls);
        // The sidecar has what was encoded.
        let action = protos::WorkflowResponse::decode(turn).unwrap().actions.remove(0);
        let Some(WorkflowActionType::ScheduleTask(schedule)) = action.workflow_action_type else {
            panic!("another action");
        };
        let scheduled = protos::TaskScheduledEvent {
            name: schedule.name,
            input: schedule.input,
            task_execution_id: schedule.task_execution_id,
            ..Default::default()
        };
        let begun = EventType::WorkflowStarted(protos::WorkflowStartedEvent::default());
        let result = protos::ActivityResponse::decode(sent.bytes).unwrap().result;
        self.history.push(stamped(event(-1, begun)));
        self.history.push(stamped(event(task, EventType::TaskScheduled(scheduled))));
        self.history.push(stamped(completed(task, result)));
        self.weight()
    }

    fn weight(&self) -> u64 {
        self.history.iter().map(|event| event.encoded_len() as u64).sum()
    }
}

/// An event as the sidecar writes it, with time and router.
fn stamped(mut event: protos::HistoryEvent) -> protos::HistoryEvent {
    event.timestamp = Some(prost_types::Timestamp { seconds: 1_780_000_000, nanos: 123_456_789 });
    event.router =
        Some(protos::TaskRouter { source_app_id: "orders".into(), ..Default::default() });
    event
}

/// Dapr runs four of these activities and stalls, by its own test.
#[tokio::test(flavor = "current_thread")]
async fn the_turn_at_which_dapr_stalls_is_predicted() {
    let snapshotter = record();
    let exchange = Exchange::new(cloakroom_tests::pipeline().build().unwrap(), settings());
    let mut run = Run::start(&exchange).await;
    for task in 0..4 {
        let actual = run.activity(task, value(256_000)).await;
        let stalls = budget::of(MIB).verdict(actual) == Verdict::Stall;
        assert_eq!(stalls, task == 3, "{actual}");
        assert_eq!(!run.stalls.is_empty(), stalls, "{actual}");
    }
    let (actual, stall) = (run.weight(), run.stalls.remove(0));
    assert!(stall.size.abs_diff(actual) < 500, "{} predicted, {actual} sent", stall.size);
    assert_eq!(stall.size, stall.without, "there is no stage");
    assert_eq!(
        (&*stall.instance_id, &*stall.workflow, &stall.activity),
        ("order-17", "Checkout", &None)
    );
    let text = stall.to_string();
    let facts = ["`order-17`", "996,147", "--max-body-size", "`force`", "references"];
    assert!(facts.iter().all(|fact| text.contains(fact)), "{text}");
    let all = recorded(&snapshotter);
    // Each dispatch once, as Dapr counts them: four turns, and the one that stalls.
    for (kind, activity, count) in [("workflow", "", 5), ("activity", "Charge", 4)] {
        for name in ["cloakroom_dapr_dispatch_ratio", "cloakroom_dapr_dispatch_ratio_without"] {
            let labels = format!(
                "app_id=orders,namespace=default,workflow_name=Checkout,activity_name={activity}"
            );
            assert_eq!(values(&all, &format!("{name}{{kind={kind},{labels}}}")), count);
        }
    }
}

/// Returns the number of values in a histogram.
fn values(all: &[(String, DebugValue)], name: &str) -> usize {
    match all.iter().find(|(written, _)| written == name) {
        Some((_, DebugValue::Histogram(values))) => values.len(),
        _ => panic!("no {name}: {all:?}"),
    }
}

/// Payloads below the threshold would fill the history. As the limit comes near they are stored.
#[tokio::test(flavor = "multi_thread")]
async fn more_is_stored_as_the_limit_comes_near() {
    let folder = tempfile::tempdir().unwrap();
    let exchange = Exchange::new(open(folder.path()).await, settings());
    let mut run = Run::start(&exchange).await;
    let mut sizes = Vec::new();
    for task in 0..20 {
        sizes.push(run.activity(task, format!("[{task},{}]", value(50_000))).await);
    }
    assert!(run.stalls.is_empty(), "{:?}", run.stalls);
    assert!(sizes.last().unwrap() < &800_000, "{sizes:?}");
    assert!((5..20).contains(&objects(folder.path())), "{} stored", objects(folder.path()));
}

/// After a restart nothing is known. The history is asked for once, and then weighed.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_did_not_pass_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let cloakroom = open(folder.path()).await;
    let before = Exchange::new(cloakroom.clone(), settings());
    let mut run = Run::start(&before).await;
    run.activity(0, value(600_000)).await;
    let after = Exchange::new(cloakroom, settings());
    let result = activity_result(1, "1".into());
    let asked = after.encode_request(&call(RESULT), result.clone()).await.unwrap();
    assert_eq!(asked.unknown_instance.as_deref(), Some("order-17"));
    let again = after.encode_request(&call(RESULT), result.clone()).await.unwrap();
    assert_eq!(again.unknown_instance, None);
    let (path, request) = Exchange::history_request("order-17");
    assert_eq!(path, "/TaskHubSidecarService/GetInstanceHistory");
    assert_eq!(protos::GetInstanceHistoryRequest::decode(request).unwrap().instance_id, "order-17");
    let mut events = run.history.clone();
    events.push(stamped(completed(9, Some("x".repeat(1_000_000)))));
    let history = protos::GetInstanceHistoryResponse { events };
    after.learn_history("order-17", &bytes(&history));
    let stalled = after.encode_request(&call(RESULT), result).await.unwrap().stalls;
    assert_eq!((stalled.len(), &*stalled[0].workflow), (1, "Checkout"));
    // The object of the first result is in no message, but its reference says its size.
    assert!(stalled[0].without > stalled[0].size + 300_000, "{:?}", stalled[0]);
}

/// A part of a history weighs as much as the whole, if the other part passed before.
#[tokio::test(flavor = "multi_thread")]
async fn a_delta_weighs_as_much_as_the_whole_history() {
    let exchange = Exchange::new(cloakroom_tests::pipeline().build().unwrap(), settings());
    let big = |task| stamped(completed(task, Some(value(330_000))));
    decode(&exchange, &turn(vec![stamped(started(None))], vec![big(0), big(1)])).await.unwrap();
    let delta = |count| {
        let mut item = turn(vec![], vec![]);
        if let Some(protos::work_item::Request::WorkflowRequest(request)) = &mut item.request {
            request.cached_history = Some(protos::CachedHistory { event_count: count });
        }
        bytes(&item)
    };
    let item = exchange.decode_work_item(None, delta(3), usize::MAX).await.unwrap();
    assert_eq!(item.unknown_instance, None);
    let small =
        exchange.encode_request(&call(RESULT), activity_result(2, "1".into())).await.unwrap();
    assert!(small.stalls.is_empty(), "{:?}", small.stalls);
    let large = activity_result(3, value(340_000));
    let large = exchange.encode_request(&call(RESULT), large).await.unwrap();
    assert_eq!(large.stalls.len(), 1, "two of three are in the part that passed");
    // One event more than passed here.
    let item = exchange.decode_work_item(None, delta(4), usize::MAX).await.unwrap();
    assert_eq!(item.unknown_instance.as_deref(), Some("order-17"));
}

/// Each dispatch is recorded under Dapr's names, the one that stalls too.
#[tokio::test(flavor = "current_thread")]
async fn a_guard_stalls_one_workflow_until_the_limit_is_raised() {
    let snapshotter = record();
    let guard = DispatchGuard::new("orders", "shop");
    let most = 996_147;
    for (max, size, stalls) in [
        (MIB, most, false),
        (MIB, most + 1, true),
        (2 * MIB, most + 1, false),
        (0, u64::MAX, false),
        (-1, u64::MAX, false),
    ] {
        let checked = guard.check(max, Dispatch::workflow("Checkout", size));
        assert_eq!(checked.is_err(), stalls, "{max} {size}");
    }
    let stall =
        guard.check(MIB, Dispatch::activity("Checkout", "Charge", 4, most + 1)).unwrap_err();
    let kept = Stall::from_event(&stall.to_event(1, 0)).unwrap();
    assert!(kept == stall && kept.holds(MIB) && !kept.holds(2 * MIB) && !kept.holds(0));
    assert!(guard.check(MIB, Dispatch::workflow("Other", 10)).is_ok(), "another workflow goes on");
    let event = protos::HistoryEvent::decode(&*stall.to_event(7, 8)).unwrap();
    let Some(EventType::ExecutionStalled(stalled)) = event.event_type else {
        panic!("another event")
    };
    assert_eq!(
        (event.event_id, stalled.reason),
        (-1, protos::StalledReason::PayloadSizeExceeded as i32)
    );
    let all = recorded(&snapshotter);
    let workflow = "dapr_runtime_workflow_payload_size_ratio{app_id=orders,namespace=shop,workflow_name=Checkout}";
    assert_eq!(values(&all, workflow), 3, "none without a limit");
    let activity = "dapr_runtime_workflow_activity_payload_size_ratio{app_id=orders,namespace=shop,workflow_name=Checkout,activity_name=Charge}";
    assert_eq!(values(&all, activity), 1);
}
