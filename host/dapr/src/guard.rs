//! Guard of dispatches, for programs that run workflows without a sidecar.

use std::fmt;

use cloakroom_pipeline::Verdict;

use crate::{
    Stall, budget,
    metric::{DispatchMeter, Labels},
};

/// Weighs each dispatch as a sidecar does, and records its ratio under Dapr's names.
///
/// ```
/// use cloakroom_dapr::{Dispatch, DispatchGuard};
///
/// let guard = DispatchGuard::new("orders", "default");
/// let dispatch = Dispatch::workflow("Checkout", 1_000_000);
/// let stall = guard.check(1 << 20, dispatch).unwrap_err();
/// assert!(stall.holds(1 << 20) && !stall.holds(4 << 20));
/// ```
pub struct DispatchGuard {
    app_id: String,
    namespace: String,
    meter: DispatchMeter,
}

/// A dispatch that is about to be made.
#[derive(Clone, Copy, Debug)]
pub struct Dispatch<'a> {
    workflow: &'a str,
    activity: Option<(&'a str, i32)>,
    size: u64,
}

impl<'a> Dispatch<'a> {
    /// Returns the dispatch of a workflow, of [`budget::workflow_size`].
    #[must_use]
    pub fn workflow(workflow: &'a str, size: u64) -> Self {
        Self { workflow, activity: None, size }
    }

    /// Returns the dispatch of an activity with this name and this number of its event, of
    /// [`budget::activity_size`].
    #[must_use]
    pub fn activity(workflow: &'a str, activity: &'a str, event: i32, size: u64) -> Self {
        Self { workflow, activity: Some((activity, event)), size }
    }
}

impl DispatchGuard {
    /// Returns a guard of the workflows of an app, which metrics name so.
    #[must_use]
    pub fn new(app_id: &str, namespace: &str) -> Self {
        let (app_id, namespace) = (app_id.to_owned(), namespace.to_owned());
        Self { app_id, namespace, meter: DispatchMeter::default() }
    }

    /// Weighs a dispatch under this limit, and records its ratio, also if it stalls. Without a limit
    /// nothing is weighed and nothing recorded.
    ///
    /// # Errors
    /// The stall, if the dispatch is over the budget. It concerns this workflow alone.
    pub fn check(&self, max_body_size: i64, dispatch: Dispatch<'_>) -> Result<(), Stall> {
        let (budget, size) = (budget::of(max_body_size), dispatch.size);
        let Some(ratio) = budget.ratio(size) else { return Ok(()) };
        let labels = Labels {
            app_id: &self.app_id,
            namespace: &self.namespace,
            workflow: dispatch.workflow,
            activity: dispatch.activity.map(|(name, _)| name),
        };
        self.meter.record_dispatch(labels, ratio);
        match budget.verdict(size) {
            Verdict::Fits => Ok(()),
            Verdict::Stall => {
                let activity = dispatch.activity.map(|(name, event)| (name.to_owned(), event));
                Err(Stall { size, max_body_size, activity })
            }
        }
    }
}

impl fmt::Debug for DispatchGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DispatchGuard").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}
