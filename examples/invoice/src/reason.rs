//! Reason why a workflow does not finish, in the words of the server or the SDK.

use serde::Serialize;
use temporalio_client::WorkflowExecutionDescription;
use temporalio_common::protos::temporal::api::{
    failure::v1::{Failure, failure::FailureInfo},
    history::v1::{HistoryEvent, history_event::Attributes},
};

/// Reason why a workflow does not finish.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Reason {
    /// Which attempt runs now, or is waited for, if something is repeated.
    attempt: Option<i32>,
    /// Type of the failure.
    kind: Option<String>,
    message: String,
}

impl Reason {
    /// Reads the reason from the last event. None if the workflow completed.
    pub(crate) fn of_end(event: &HistoryEvent) -> Option<Self> {
        match event.attributes.as_ref()? {
            Attributes::WorkflowExecutionCompletedEventAttributes(_) => None,
            Attributes::WorkflowExecutionTerminatedEventAttributes(end) => {
                Some(Self { message: end.reason.clone(), ..Self::default() })
            }
            Attributes::WorkflowExecutionFailedEventAttributes(end) => {
                end.failure.as_ref().map(Self::of_failure)
            }
            _ => Some(Self { message: event.event_type().as_str_name().into(), ..Self::default() }),
        }
    }

    /// Reads the failure that repeats, if there is one: of an activity, or of the workflow task.
    pub(crate) fn of_repetition(told: &WorkflowExecutionDescription) -> Option<Self> {
        let activity = told.raw().pending_activities.iter().find(|activity| activity.attempt > 1);
        if let Some(activity) = activity {
            let failure = activity.last_failure.as_ref().map(Self::of_failure);
            return Some(Self { attempt: Some(activity.attempt), ..failure.unwrap_or_default() });
        }
        let task = told.raw().pending_workflow_task.as_ref().filter(|task| task.attempt > 1)?;
        let message = "its workflow task fails".to_owned();
        Some(Self { attempt: Some(task.attempt), kind: None, message })
    }

    /// The innermost: what is around it only says that something failed.
    fn of_failure(failure: &Failure) -> Self {
        if let Some(cause) = &failure.cause {
            return Self::of_failure(cause);
        }
        let kind = match &failure.failure_info {
            Some(FailureInfo::ApplicationFailureInfo(info)) if !info.r#type.is_empty() => {
                Some(info.r#type.clone())
            }
            _ => None,
        };
        Self { attempt: None, kind, message: failure.message.clone() }
    }

    /// In a few words.
    pub(crate) fn in_short(&self) -> String {
        self.attempted(self.kind.as_deref().unwrap_or(&self.message))
    }

    /// In all words that there are.
    pub(crate) fn in_full(&self) -> String {
        match &self.kind {
            Some(kind) => self.attempted(&format!("{kind}: {}", self.message)),
            None => self.attempted(&self.message),
        }
    }

    fn attempted(&self, text: &str) -> String {
        match self.attempt {
            Some(attempt) => format!("attempt {attempt}: {text}"),
            None => text.to_owned(),
        }
    }
}
