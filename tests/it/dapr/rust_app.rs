//! The app on Dapr's SDK for Rust, as it comes, on threads of the test.

use dapr_durabletask::{api::Result, client::TaskHubGrpcClient, worker::TaskHubGrpcWorker};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::rust_work::{Ran, number, parcel, register};

/// A worker that runs until this is dropped, and a client.
pub(super) struct RustApp {
    runtime: Runtime,
    address: String,
    ran: Ran,
}

impl RustApp {
    pub(super) fn start(endpoint: &str) -> Self {
        let (runtime, address) = (Runtime::new().unwrap(), format!("http://{endpoint}"));
        let (mut worker, ran) = (TaskHubGrpcWorker::new(&address), Ran::default());
        register(worker.registry_mut(), ran.clone());
        // Nobody cancels it: it ends with the runtime.
        runtime.spawn(async move { worker.start(CancellationToken::new()).await });
        Self { runtime, address, ran }
    }

    /// Obeys a command, as the other apps do.
    pub(super) fn ask(&self, command: &Value) -> Value {
        self.runtime
            .block_on(self.answer(command))
            .unwrap_or_else(|error| json!({ "error": error.to_string() }))
    }

    async fn answer(&self, command: &Value) -> Result<Value> {
        let id = command["id"].as_str().unwrap();
        if command["do"] == "ran" {
            return Ok(json!({ "ran": self.ran.lock().unwrap().get(id).copied().unwrap_or(0) }));
        }
        let mut client = TaskHubGrpcClient::new(&self.address).await?;
        match command["do"].as_str().unwrap() {
            "start" => {
                let (name, input) = (command["workflow"].as_str().unwrap(), &command["input"]);
                let id = Some(id.to_owned());
                client.schedule_new_orchestration(name, Some(input.to_string()), id, None).await?;
                Ok(json!({}))
            }
            "raise" => {
                let text = json!(parcel(number(command, "index"), number(command, "size")));
                client.raise_orchestration_event(id, "note", Some(text.to_string())).await?;
                Ok(json!({}))
            }
            _ => {
                let state = client.get_orchestration_state(id, true).await?;
                Ok(json!({ "status": state.map(|state| state.runtime_status.to_string()) }))
            }
        }
    }
}
