//! A client of the sidecar itself, which tells what an app is not told: its SDK is the one for Rust.

use std::time::{Duration, Instant};

use cloakroom_tests::PATIENCE;
use dapr_durabletask::{
    api::{OrchestrationState, OrchestrationStatus},
    client::{ClientOptions, TaskHubGrpcClient},
    proto_public::{ExecutionStalledEvent, HistoryEvent, history_event::EventType},
};
use tokio::runtime::Runtime;

/// Receives more than any sidecar of the tests sends.
const RECEIVE: usize = 128 << 20;

/// A client of one sidecar.
pub(super) struct Observer {
    runtime: Runtime,
    address: String,
}

impl Observer {
    /// Opens one for the sidecar at a host and port.
    pub(super) fn of(target: &str) -> Self {
        Self { runtime: Runtime::new().unwrap(), address: format!("http://{target}") }
    }

    async fn client(&self) -> Option<TaskHubGrpcClient> {
        // A connection each time: the sidecar is restarted in between.
        let options = ClientOptions::new().with_max_grpc_message_size(RECEIVE);
        TaskHubGrpcClient::with_options(&self.address, options).await.ok()
    }

    /// Returns the state of an instance, where the sidecar has one and answers.
    fn state(&self, id: &str) -> Option<OrchestrationState> {
        self.runtime.block_on(async {
            self.client().await?.get_orchestration_state(id, true).await.ok().flatten()
        })
    }

    /// Waits until an instance has this status, and returns its state.
    pub(super) fn until(&self, id: &str, status: OrchestrationStatus) -> OrchestrationState {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let state = self.state(id);
            if let Some(state) = state.as_ref().filter(|state| state.runtime_status == status) {
                return state.clone();
            }
            let now = state.map(|state| state.runtime_status);
            let over = now.is_some_and(|status| status.is_terminal()) || Instant::now() > give_up;
            assert!(!over, "{id} is {now:?}, and was to be {status:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until an instance has completed, and returns its output.
    pub(super) fn output(&self, id: &str) -> serde_json::Value {
        let state = self.until(id, OrchestrationStatus::Completed);
        serde_json::from_str(&state.serialized_output.expect("an output")).unwrap()
    }

    /// Returns why the sidecar refuses to tell the history of an instance.
    pub(super) fn refusal(&self, id: &str) -> String {
        self.runtime.block_on(async {
            let asked = self.client().await.unwrap().get_instance_history(id).await;
            asked.expect_err("a refusal").to_string()
        })
    }

    /// Returns the history of an instance.
    pub(super) fn history(&self, id: &str) -> Vec<HistoryEvent> {
        self.runtime.block_on(async {
            self.client().await.unwrap().get_instance_history(id).await.unwrap()
        })
    }

    /// Waits until an instance is stalled, and returns the words in its history.
    pub(super) fn stalled(&self, id: &str) -> String {
        self.stalled_again(id, 1)
    }

    /// Waits until an instance is stalled, and has this many stalls at the end of its history. Returns the
    /// words of the last.
    pub(super) fn stalled_again(&self, id: &str, times: usize) -> String {
        let give_up = Instant::now() + PATIENCE;
        loop {
            self.until(id, OrchestrationStatus::Stalled);
            let history = self.history(id);
            let stalls: Vec<_> = history.iter().rev().map_while(stall).collect();
            if stalls.len() == times {
                return stalls[0].description().to_owned();
            }
            assert!(
                Instant::now() < give_up,
                "{id} has stalled {} times: {stalls:?}",
                stalls.len()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Returns the stall that an event records, if it does.
pub(super) fn stall(event: &HistoryEvent) -> Option<&ExecutionStalledEvent> {
    match &event.event_type {
        Some(EventType::ExecutionStalled(stalled)) => Some(stalled),
        _ => None,
    }
}
