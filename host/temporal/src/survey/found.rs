//! Findings of a survey.

use std::sync::Arc;

use cloakroom_core::{Payload, clean};
use tokio::sync::mpsc;

use super::time::Timestamp;

/// Characters of an id that is shown. Temporal's own limit is lower.
const SHOWN: usize = 255;

/// Finding of a survey.
#[derive(Debug)]
#[non_exhaustive]
pub enum Found {
    /// A payload at its place.
    Payload(Place, Payload),
    /// Something that could not be read.
    Gap(Gap),
    /// Something that was read to its end.
    Read(HolderKind),
}

/// Place of a payload.
#[derive(Clone, Debug)]
pub struct Place {
    /// Execution or schedule that holds it.
    pub holder: Arc<Holder>,
    /// Field of the answer that it was found in.
    pub field: String,
    /// Time of its event, or of its holder.
    pub time: Option<Timestamp>,
}

/// Execution or schedule that holds payloads.
#[derive(Debug)]
pub struct Holder {
    /// Kind.
    pub kind: HolderKind,
    /// Namespace.
    pub namespace: String,
    /// Id of the workflow, schedule, activity or operation, without control characters.
    pub id: String,
    /// Id of the run, if it has one.
    pub run: String,
    /// True if it has not ended.
    pub is_open: bool,
    /// Time of its start.
    pub time: Option<Timestamp>,
}

/// Kind of a holder of payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum HolderKind {
    /// Run of a workflow.
    Run,
    /// Schedule.
    Schedule,
    /// Standalone activity.
    Activity,
    /// Standalone Nexus operation.
    Operation,
    /// Version of a worker deployment.
    Deployment,
}

/// Part of a namespace, as far as a survey reads parts apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Part {
    /// The namespace as a whole.
    Namespace,
    /// Runs of workflows.
    Runs,
    /// Schedules.
    Schedules,
    /// Standalone activities.
    Activities,
    /// Standalone Nexus operations.
    Operations,
    /// Worker deployments.
    Deployments,
    /// Archived histories.
    Archive,
    /// Batch operations.
    Batches,
}

/// Something that a survey could not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Part that it belongs to.
    pub part: Part,
    /// Name of it: a namespace, or an id.
    pub name: String,
    /// Reason, with the server's code and text.
    pub why: String,
}

impl HolderKind {
    /// Returns the word for reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Schedule => "schedule",
            Self::Activity => "activity",
            Self::Operation => "operation",
            Self::Deployment => "deployment",
        }
    }

    /// Returns the part of a namespace that such holders are.
    #[must_use]
    pub fn part(self) -> Part {
        match self {
            Self::Run => Part::Runs,
            Self::Schedule => Part::Schedules,
            Self::Activity => Part::Activities,
            Self::Operation => Part::Operations,
            Self::Deployment => Part::Deployments,
        }
    }
}

impl Part {
    /// Returns the word for reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Namespace => "namespace",
            Self::Runs => "runs",
            Self::Schedules => "schedules",
            Self::Activities => "activities",
            Self::Operations => "operations",
            Self::Deployments => "deployments",
            Self::Archive => "archive",
            Self::Batches => "batches",
        }
    }
}

/// Sends findings. Without a receiver nothing is sent, and the survey ends.
pub(super) struct Findings(mpsc::Sender<Found>);

impl Findings {
    pub(super) fn new(sender: mpsc::Sender<Found>) -> Self {
        Self(sender)
    }

    /// Completes once nobody listens.
    pub(super) async fn closed(&self) {
        self.0.closed().await;
    }

    pub(super) async fn send(&self, found: Found) {
        let _ = self.0.send(found).await;
    }

    pub(super) async fn gap(&self, part: Part, name: &str, why: String) {
        self.send(Found::Gap(Gap { part, name: clean(name, SHOWN), why })).await;
    }
}

impl Holder {
    pub(super) fn new(kind: HolderKind, namespace: &str, id: &str, run: &str) -> Self {
        Self {
            kind,
            namespace: clean(namespace, SHOWN),
            id: clean(id, SHOWN),
            run: clean(run, SHOWN),
            is_open: false,
            time: None,
        }
    }

    pub(super) fn open(mut self, is_open: bool) -> Self {
        self.is_open = is_open;
        self
    }

    pub(super) fn since(mut self, time: Option<Timestamp>) -> Self {
        self.time = time;
        self
    }
}
