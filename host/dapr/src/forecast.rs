//! Forecast of a dispatch: its size, and what to do if it would stall.

use std::fmt;

use cloakroom_core::{Thousands, clean};
use cloakroom_pipeline::Verdict;

use crate::budget;

/// Characters of a name that are shown.
const NAME: usize = 255;

/// The size that the next dispatch of an instance is predicted to have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forecast {
    /// Id of the workflow instance.
    pub instance_id: String,
    /// Name of the workflow. Empty if it is not known.
    pub workflow: String,
    /// Name of the activity, if one is dispatched.
    pub activity: Option<String>,
    /// Size after the pipeline.
    pub size: u64,
    /// Size that it would have without the pipeline.
    pub without: u64,
    /// The sidecar's limit.
    pub max_body_size: i64,
}

impl Forecast {
    /// Returns what the sidecar will do.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        budget::of(self.max_body_size).verdict(self.size)
    }
}

/// The warning about a dispatch that would stall.
impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let budget = budget::of(self.max_body_size);
        let (instance, workflow) = (clean(&self.instance_id, NAME), clean(&self.workflow, NAME));
        write!(f, "the next dispatch of instance `{instance}` (workflow `{workflow}`")?;
        if let Some(activity) = &self.activity {
            write!(f, ", activity `{}`", clean(activity, NAME))?;
        }
        write!(
            f,
            ") will have some {} bytes, and Dapr stalls a workflow above {}, which is {} % of \
             `--max-body-size`: raise it and restart the sidecar, or purge the instance with `force`, or \
             pass references in the workflow instead of data",
            Thousands(self.size),
            Thousands(budget.most().unwrap_or(u64::MAX)),
            budget.percent,
        )
    }
}
