//! Pages of a server that is not there, with payloads that grow when they are decoded.

mod rig;

use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use cloakroom_grpc::{Caller, Code};
use cloakroom_wire::{Schema, View};

use self::rig::{
    HISTORY, LIMIT, POLL, Rig, begun, failed, payload, request, result, scheduled, sizes, split,
    task,
};
use crate::exchange::{Call, SERVICE, proto::put_bytes, workflow_task::workflow_task};

#[tokio::test]
async fn a_page_is_cut_after_an_event_and_decodes_little_for_nothing() {
    let rig = Rig::new(20, (1..=70).map(|id| result(id, 9_000)).collect());
    let first = split(HISTORY, &rig.ask(&[]).await.unwrap());
    assert!(rig.is_own(&first.token) && first.events.len() == 11, "{:?}", sizes(&first));
    let all = rig.rest(first).await;
    assert_eq!(all.iter().map(|(id, _)| *id).collect::<Vec<_>>(), (1..=70).collect::<Vec<_>>());
    assert!(all.iter().all(|(_, size)| *size > 9_000), "{all:?}");
    // A page of 20 is delivered in two. The first is decoded whole, since nothing tells its growth.
    let decoded = rig.decoded.load(Relaxed);
    assert!(decoded < 2 * 70 * 9_000, "{decoded}");
}

/// The server has not stored the events of the attempt, and has others by the time of the next page. The
/// second history begins where the worker's cache ends, so that the server's first pages are skipped.
#[tokio::test]
async fn a_task_ends_with_its_own_events_whatever_the_server_has_by_now() {
    for begin in [0, 15] {
        let mut stored: Vec<_> = (1..=30).map(|id| result(id, 9_000)).collect();
        let rig = Rig::of_worker(8, stored.clone());
        let of_task = [&stored[begin..], &begun(31, 11 << 20)].concat();
        let answer = rig.decode(POLL, &[], task("t", &of_task, "")).await.unwrap();
        assert!(answer.len() <= LIMIT);
        stored.extend((31..=60).map(|id| result(id, 1)));
        *rig.server.events.lock().unwrap() = stored;
        let events = rig.rest(split(POLL, &answer)).await;
        let ids: Vec<_> = events.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, (begin as u64 + 1..=32).collect::<Vec<_>>());
        let [.., stored, scheduled, started] = &events[..] else { panic!("{events:?}") };
        assert!(stored.1 > 9_000 && scheduled.1 < 100 && started.1 < 100, "{events:?}");
    }
}

/// The server forgot the run's end, as after a failure of its database. What it has does not join what was
/// delivered.
#[tokio::test]
async fn a_history_that_became_shorter_is_refused() {
    let rig = Rig::new(20, (1..=20).map(|id| result(id, 9_000)).collect());
    let first = split(HISTORY, &rig.ask(&[]).await.unwrap());
    rig.server.events.lock().unwrap().truncate(15);
    let refused = rig.ask(&first.token).await.unwrap_err();
    assert_eq!(refused.code, Code::InvalidArgument, "{}", refused.message);
    assert!(refused.message.contains("read it again from its start"), "{}", refused.message);
}

/// A worker's pages have a token of a task, and a client's have none.
#[tokio::test]
async fn pages_of_a_task_are_decoded_as_a_replay_reads_them() {
    let mut events: Vec<_> = (1..=10).map(|id| result(id, 100)).collect();
    events.extend((11..=18).map(|id| scheduled(id, 100)));
    events.extend(begun(19, 11 << 20));
    let rig = Rig::of_worker(10, events.clone());
    let answer = rig.decode(POLL, &[], task("t", &events[..10], "10")).await.unwrap();
    let first = split(POLL, &answer);
    assert!(rig.is_own(&first.token));
    assert_eq!((first.events.len(), rig.decoded.load(Relaxed)), (10, 1000));
    let is_large = || {
        let (method, name) =
            (format!("{SERVICE}SignalWorkflowExecution"), "SignalWorkflowExecution");
        let method = Schema::temporal().method(&method).unwrap();
        let caller = Caller::everybody();
        let call = Call::new(&method, name, &rig.headers, &caller);
        rig.exchange.histories.threshold(&call, &request(b""), None).is_some()
    };
    assert!(!is_large());
    let events = rig.rest(first).await;
    assert_eq!((events.len(), rig.decoded.load(Relaxed)), (20, 1000));
    assert!(is_large(), "the last page tells the size");

    let whole = split(HISTORY, &rig.ask(b"10").await.unwrap());
    assert_eq!((whole.events.len(), rig.decoded.load(Relaxed)), (10, 1800));
}

/// Each fits, and not both together.
#[tokio::test]
async fn a_task_is_cut_for_what_comes_with_it() {
    let events: Vec<_> = (1..=10).map(|id| result(id, 6_000)).collect();
    let rig = Rig::of_worker(100, events.clone());
    let (mut activity, mut answer) = (Vec::new(), Vec::new());
    put_bytes(&mut activity, 1, b"activity");
    activity.extend(payload(8, 60_000));
    put_bytes(&mut answer, 1, &task("t", &events, ""));
    put_bytes(&mut answer, 2, &activity);
    let name = "RespondWorkflowTaskCompleted";
    let answer = rig.decode(name, &[], answer).await.unwrap();
    assert!((90_000..=LIMIT).contains(&answer.len()), "{}", answer.len());
    let method = Schema::temporal().method(&format!("{SERVICE}{name}")).unwrap();
    let fields = View::new(method.response, &answer).fields();
    let first = split(POLL, &Bytes::copy_from_slice(fields[0].content.unwrap()));
    assert!((2..10).contains(&first.events.len()));
    assert_eq!(rig.rest(first).await.len(), 10);
}

/// The task of an eager start leaves room for the result of the update beside it.
#[tokio::test]
async fn a_task_beside_other_operations_is_cut() {
    let events: Vec<_> = (1..=10).map(|id| result(id, 6_000)).collect();
    let rig = Rig::of_worker(100, events.clone());
    let field = |number, content: &[u8]| {
        let mut field = Vec::new();
        put_bytes(&mut field, number, content);
        field
    };
    let start = field(1, &field(1, &[field(1, b"r"), field(2, &task("t", &events, ""))].concat()));
    let update = field(1, &field(2, &field(2, &payload(1, 60_000))));
    let name = "ExecuteMultiOperation";
    let answer = rig.decode(name, &[], [start, update].concat()).await.unwrap();
    assert!((90_000..=LIMIT).contains(&answer.len()), "{}", answer.len());
    let method = Schema::temporal().method(&format!("{SERVICE}{name}")).unwrap();
    let view = View::new(method.response, &answer);
    let updated = view.message("responses").unwrap().message("update_workflow").unwrap();
    assert!(updated.as_bytes().len() > 60_000, "the result is decoded");
    let first = workflow_task(name, view).unwrap();
    let first = split(POLL, &Bytes::copy_from_slice(first.as_bytes()));
    assert!((2..10).contains(&first.events.len()) && rig.is_own(&first.token));
    assert_eq!(rig.rest(first).await.len(), 10);

    // A short history has a token of the server, which becomes one of a task.
    let short = task("t", &events[..3], "3");
    let start = field(1, &field(1, &field(2, &short)));
    let answer = rig.decode(name, &[], start).await.unwrap();
    let short = workflow_task(name, View::new(method.response, &answer)).unwrap();
    assert!(rig.is_own(short.bytes("next_page_token").unwrap()));
}

/// The copy that joins the events of a cut page is counted beside what was decoded for it.
#[tokio::test]
async fn the_joined_copy_of_a_page_is_counted() {
    let rig = Rig::new(20, (1..=20).map(|id| result(id, 9_000)).collect());
    let answer = rig.ask(&[]).await.unwrap();
    assert!(rig.is_own(&split(HISTORY, &answer).token));
    let (decoded, counted) = (rig.decoded.load(Relaxed), rig.counted.load(Relaxed));
    assert!(counted >= decoded + answer.len(), "{counted} of {decoded} and {}", answer.len());
}

/// More failures than payloads may be decoded at once, with texts that are larger than the limit.
#[tokio::test]
async fn a_page_of_many_failures_is_cut() {
    let trace = "at somewhere ".repeat(100);
    let rig = Rig::new(1_000, (1..=1_000).map(|id| failed(id, &trace)).collect());
    let (mut seen, mut token) = (0, Vec::new());
    loop {
        let answer = rig.ask(&token).await.unwrap();
        assert!(answer.len() <= LIMIT, "{}", answer.len());
        let text = String::from_utf8_lossy(&answer);
        let page = split(HISTORY, &answer);
        for event in &page.events {
            seen += 1;
            assert_eq!(event.id, seen);
            assert!(text.contains(&format!("failure {seen}")));
        }
        assert_eq!(text.matches(&trace).count(), page.events.len());
        token = page.token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, 1_000);
    let decoded = rig.decoded.load(Relaxed);
    assert!(decoded < 3 * 1_000 * trace.len(), "{decoded}");
}

/// Batches of three events, as a frontend sends them that does not read histories.
#[test]
fn a_raw_history_is_taken_apart_and_put_together() {
    let events: Vec<_> = (1..=6).map(|id| result(id, 10)).collect();
    let mut answer = Vec::new();
    for batch in events.chunks(3) {
        let mut blob = vec![8, 1];
        put_bytes(&mut blob, 2, &rig::history(batch));
        put_bytes(&mut answer, 2, &blob);
    }
    answer.extend([0x20, 1]);
    put_bytes(&mut answer, 3, b"next");
    let page = split(HISTORY, &answer.clone().into());
    assert_eq!((page.events.len(), &*page.token), (6, &b"next"[..]));
    let joined = page.join(&page.events[..4], b"own", true);
    assert!(joined.len() <= page.size(&page.events[..4], true) + 3 + 6);
    let part = split(HISTORY, &joined);
    assert_eq!(part.events.iter().map(|event| event.id).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let method = Schema::temporal().method(&format!("{SERVICE}{HISTORY}")).unwrap();
    let view = View::new(method.response, &joined);
    let blobs = view.fields().iter().filter(|field| field.number == 2).count();
    assert_eq!(
        (blobs, view.number("archived"), view.bytes("next_page_token")),
        (2, Some(1), Some(&b"own"[..]))
    );
}
