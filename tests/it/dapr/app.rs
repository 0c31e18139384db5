//! An app on one of Dapr's SDKs. Each has the same workflows, and obeys the same commands:
//! `tests/dapr/python/app.py` describes them.

use serde_json::{Value, json};

use super::{process::Process, rust_app::RustApp, sdk::Sdk};

/// The ways of a payload that [`App::tour`] takes.
pub(super) const WAYS: [&str; 4] = ["child", "failure", "event", "carried"];

/// An app whose worker is connected. It ends when this is dropped.
pub(super) enum App {
    Process(Process),
    Rust(RustApp),
}

impl App {
    /// Starts one at the sidecar, or at what stands before it. `receive` is the largest message that it
    /// may receive, in the setting that its SDK has for it.
    pub(super) fn start(sdk: Sdk, endpoint: &str, receive: Option<usize>) -> Self {
        match sdk {
            Sdk::Rust => Self::Rust(RustApp::start(endpoint)),
            sdk => Self::Process(Process::start(sdk, endpoint, receive)),
        }
    }

    /// Starts a workflow of `count` activities, each of which returns `size` bytes.
    pub(super) fn pile(&self, id: &str, count: usize, size: usize) {
        let input = json!({ "count": count, "size": size });
        self.obey(&json!({ "do": "start", "workflow": "Pile", "id": id, "input": input }));
    }

    /// Starts a workflow that takes each way of a payload once, and raises the event that it waits for.
    pub(super) fn tour(&self, id: &str, size: usize) {
        let input = json!({ "size": size });
        self.obey(&json!({ "do": "start", "workflow": "Tour", "id": id, "input": input }));
        self.obey(&json!({ "do": "raise", "id": id, "index": 8, "size": size }));
    }

    /// Starts a workflow that hands its history to a child in another app. Only Go has it.
    pub(super) fn bequeath(&self, id: &str, heir: &str, size: usize) {
        let input = json!({ "heir": heir, "size": size });
        self.obey(&json!({ "do": "start", "workflow": "Bequeath", "id": id, "input": input }));
    }

    /// Starts a workflow that calls an activity and a child in another app. Only Go has it.
    pub(super) fn abroad(&self, id: &str, heir: &str, size: usize) {
        let input = json!({ "heir": heir, "size": size });
        self.obey(&json!({ "do": "start", "workflow": "Abroad", "id": id, "input": input }));
    }

    /// Returns how many activities it ran for an instance, or panics with what its SDK says of it.
    pub(super) fn ran(&self, id: &str) -> u64 {
        self.ask(&json!({ "do": "ran", "id": id }))["ran"].as_u64().expect("a number")
    }

    /// Returns what its SDK says of an instance.
    pub(super) fn state(&self, id: &str) -> Value {
        self.ask(&json!({ "do": "state", "id": id }))
    }

    fn obey(&self, command: &Value) {
        let answer = self.ask(command);
        assert_eq!(answer["error"], Value::Null, "{command}");
    }

    fn ask(&self, command: &Value) -> Value {
        match self {
            Self::Process(process) => process.ask(command),
            Self::Rust(app) => app.ask(command),
        }
    }

    /// Returns the end of what it logs.
    pub(super) fn log(&self) -> String {
        match self {
            Self::Process(process) => process.log(),
            Self::Rust(_) => String::new(),
        }
    }
}
