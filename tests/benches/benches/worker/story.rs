//! One worker, workflows that download, and one that is queried.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use cloakroom_tests::{noise, rigs::DevServer};
use temporalio_client::{
    Client, ClientOptions, Connection, WorkflowGetResultOptions, WorkflowQueryOptions,
    WorkflowSignalOptions, WorkflowStartOptions,
};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    Runtime, SyncWorkflowContext, Worker, WorkerOptions, WorkflowContext, WorkflowContextView,
    WorkflowResult, runtime::PollerBehavior,
};
use tokio::{sync::oneshot, task::JoinSet};

use crate::{
    DOWNLOADS,
    contestant::{Contestant, Side},
};

/// Times measured in one turn.
pub(crate) struct Told {
    pub(crate) before: Duration,
    /// Sum of the time that queries took beyond the median before the downloads.
    pub(crate) held_up: Duration,
    pub(crate) downloaded: Duration,
}

pub(crate) async fn run(
    server: &DevServer,
    contestant: Contestant,
    turn: usize,
) -> Result<Told, Box<dyn Error>> {
    let sides = contestant.sides(&server.url()).await?;
    let queue = &*format!("{}, turn {turn}", contestant.title());
    let (stop, stopped) = oneshot::channel::<()>();
    let (worker, of_worker) = (sides.worker.clone(), queue.to_owned());
    let thread = std::thread::spawn(move || work(&of_worker, worker, stopped));
    let client = client(sides.client.clone()).await?;

    let options = WorkflowStartOptions::new(queue, format!("{queue}, asked")).build();
    let asked = client.start_workflow(Asked::run, (), options).await?;
    let ask = async || {
        let began = Instant::now();
        let answer = asked.query(Asked::answer, (), WorkflowQueryOptions::default()).await;
        answer.map(|_| began.elapsed())
    };
    ask().await?;
    let mut before = Vec::new();
    for _ in 0..20 {
        before.push(ask().await?);
    }

    let mut downloads = JoinSet::new();
    let began = Instant::now();
    for number in 0..DOWNLOADS {
        let (client, queue) = (client.clone(), queue.to_owned());
        let id = format!("{queue}, {number}");
        // Each another payload.
        let parcel = hex::encode(noise(400_000 + turn * DOWNLOADS + number));
        downloads.spawn(async move {
            let options = WorkflowStartOptions::new(queue, id).build();
            let handle = client.start_workflow(Downloads::run, parcel, options).await?;
            let result = handle.get_result(WorkflowGetResultOptions::default()).await?;
            Ok::<_, Box<dyn Error + Send + Sync>>(result)
        });
    }
    let mut during = Vec::new();
    while !downloads.is_empty() {
        during.push(ask().await?);
        while let Some(done) = downloads.try_join_next() {
            done?.map_err(|error| error.to_string())?;
        }
    }
    let downloaded = began.elapsed();
    asked.signal(Asked::end, (), WorkflowSignalOptions::default()).await?;
    asked.get_result(WorkflowGetResultOptions::default()).await?;
    drop(stop);
    thread.join().map_err(|_| "the worker panicked")??;
    let before = median(before);
    let held_up = during.iter().map(|took| took.saturating_sub(before)).sum();
    Ok(Told { before, held_up, downloaded })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

async fn client(side: Side) -> Result<Client, Box<dyn Error>> {
    let connection = Connection::connect(side.connection).await?;
    let options = ClientOptions::new("default").data_converter(side.converter).build();
    Ok(Client::new(connection, options)?)
}

/// The worker, on a thread of its own: its future stays where it began.
#[tokio::main]
async fn work(queue: &str, side: Side, stopped: oneshot::Receiver<()>) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    let runtime = Runtime::from_current_tokio(Default::default()).map_err(|e| failed(&e))?;
    let mut options = WorkerOptions::new(queue).build();
    // By default one poll brings new workflows. A connection that downloads keeps it.
    options.workflow_task_poller_behavior = Some(PollerBehavior::SimpleMaximum(20));
    options.nonsticky_to_sticky_poll_ratio = 0.5;
    options.register_workflow::<Asked>().map_err(|e| failed(&e))?;
    options.register_workflow::<Downloads>().map_err(|e| failed(&e))?;
    let client = client(side).await.map_err(|e| failed(&e))?;
    let mut worker = Worker::new(&runtime, client, options).map_err(|e| failed(&e))?;
    let shut_down = worker.shutdown_handle();
    let ended = async {
        let _ = stopped.await;
        shut_down();
    };
    let (ran, ()) = tokio::join!(worker.run(), ended);
    ran.map_err(|e| failed(&e))
}

/// Answers queries until it gets the signal `end`.
#[workflow]
#[derive(Default)]
pub(crate) struct Asked {
    ends: bool,
}

#[workflow_methods]
impl Asked {
    #[run]
    pub(crate) async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.wait_condition(|state| state.ends).await?;
        Ok(())
    }

    #[query]
    pub(crate) fn answer(&self, _: &WorkflowContextView) -> bool {
        self.ends
    }

    #[signal]
    pub(crate) fn end(&mut self, _: &mut SyncWorkflowContext<Self>) {
        self.ends = true;
    }
}

/// Needs what it is given.
#[workflow]
#[derive(Default)]
pub(crate) struct Downloads;

#[workflow_methods]
impl Downloads {
    #[run]
    pub(crate) async fn run(
        _: &mut WorkflowContext<Self>,
        parcel: String,
    ) -> WorkflowResult<usize> {
        Ok(parcel.len())
    }
}
