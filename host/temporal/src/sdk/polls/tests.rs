//! Polls of a frontend that answers when a test says so.

use http::HeaderMap;
use temporalio_client::callback_based::GrpcSuccessResponse;
use tokio::{sync::mpsc, task::JoinHandle};

use super::*;

/// Request of all polls here.
const QUEUE: Bytes = Bytes::from_static(b"queue");

/// A poll at the frontend.
struct Asked {
    /// Says that the frontend has answered.
    answered: oneshot::Sender<()>,
    /// Ends the decoding of the answer. Closed once nobody waits for it.
    finish: oneshot::Sender<&'static str>,
}

/// A frontend that hands each poll to the test.
struct Frontend(mpsc::UnboundedSender<Asked>);

impl Calls for Frontend {
    async fn respond(&self, _: GrpcRequest, answered: oneshot::Sender<()>) -> Answer {
        let (finish, finished) = oneshot::channel();
        self.0.send(Asked { answered, finish }).unwrap();
        let proto = finished.await.unwrap().as_bytes().to_vec();
        Ok(GrpcSuccessResponse { headers: HeaderMap::new(), proto })
    }
}

struct Rig {
    polls: Arc<Polls>,
    calls: Arc<Frontend>,
    asked: mpsc::UnboundedReceiver<Asked>,
}

impl Rig {
    fn new() -> Self {
        let (asks, asked) = mpsc::unbounded_channel();
        Self { polls: Arc::default(), calls: Arc::new(Frontend(asks)), asked }
    }

    /// Polls as the SDK does. Returns the answer.
    fn poll(&self) -> JoinHandle<Vec<u8>> {
        let (polls, calls) = (self.polls.clone(), self.calls.clone());
        let request = GrpcRequest {
            service: "WorkflowService".to_owned(),
            rpc: METHOD.to_owned(),
            headers: HeaderMap::new(),
            proto: QUEUE,
        };
        tokio::spawn(async move { polls.respond(&calls, request).await.unwrap().proto })
    }

    async fn asked(&mut self) -> Asked {
        self.asked.recv().await.unwrap()
    }
}

#[tokio::test]
async fn another_poll_takes_the_place_of_one_whose_answer_downloads() {
    let mut rig = Rig::new();
    let sdk = rig.poll();
    let slow = rig.asked().await;
    slow.answered.send(()).unwrap();
    let quick = rig.asked().await;
    quick.finish.send("quick").unwrap();
    assert_eq!(sdk.await.unwrap(), b"quick");
    // The slow answer is for whoever polls when it is ready.
    let sdk = rig.poll();
    let mut unwanted = rig.asked().await;
    slow.finish.send("slow").unwrap();
    assert_eq!(sdk.await.unwrap(), b"slow");
    // A poll at the frontend that nobody needs would take a task away from other workers.
    unwanted.finish.closed().await;
}

#[tokio::test]
async fn an_answer_that_is_ready_early_waits_for_the_next_poll() {
    let mut rig = Rig::new();
    let sdk = rig.poll();
    let first = rig.asked().await;
    first.answered.send(()).unwrap();
    let second = rig.asked().await;
    first.finish.send("first").unwrap();
    assert_eq!(sdk.await.unwrap(), b"first");
    second.finish.send("second").unwrap();
    assert_eq!(rig.poll().await.unwrap(), b"second");
}

#[tokio::test]
async fn no_more_answers_are_decoded_at_once_than_fit() {
    let mut rig = Rig::new();
    let sdk = rig.poll();
    let mut decoding = Vec::new();
    for _ in 0..MAX_ANSWERS {
        let Asked { answered, finish } = rig.asked().await;
        answered.send(()).unwrap();
        decoding.push(finish);
    }
    // Nothing tells that no poll will come. All tasks run in this thread and their shorter waits end
    // first, so a poll would have been sent by now, however busy the machine is.
    sleep(3 * PATIENCE).await;
    assert!(rig.asked.try_recv().is_err(), "another poll was sent");
    decoding.pop().unwrap().send("one").unwrap();
    assert_eq!(sdk.await.unwrap(), b"one");
    let _sdk = rig.poll();
    rig.asked().await;
}

#[tokio::test]
async fn a_worker_that_leaves_takes_its_polls_along() {
    let mut rig = Rig::new();
    let sdk = rig.poll();
    let mut polling = rig.asked().await;
    sdk.abort();
    assert!(sdk.await.unwrap_err().is_cancelled());
    polling.finish.closed().await;

    // What is decoded for it then reaches nobody: the task times out, and is handed out again.
    let sdk = rig.poll();
    let decoding = rig.asked().await;
    decoding.answered.send(()).unwrap();
    let mut instead = rig.asked().await;
    sdk.abort();
    assert!(sdk.await.unwrap_err().is_cancelled());
    instead.finish.closed().await;
    decoding.finish.send("lost").unwrap();
    let queue = rig.polls.queue(&QUEUE);
    while lock(&queue.state).decoding > 0 {
        tokio::task::yield_now().await;
    }
    let sdk = rig.poll();
    rig.asked().await.finish.send("new").unwrap();
    assert_eq!(sdk.await.unwrap(), b"new");
}
