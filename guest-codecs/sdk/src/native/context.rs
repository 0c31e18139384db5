//! The context of a call.

use super::host::count_call;
use crate::Target;

/// The workflow or activity that a call is made for.
///
/// In tests, [`testing::context`](crate::testing::context) makes one.
#[derive(Debug)]
pub struct Context {
    pub(crate) target: Target,
}

impl Context {
    /// Returns the namespace of the workflow engine.
    #[must_use]
    pub fn namespace(&self) -> Option<String> {
        count_call();
        self.target.namespace.clone()
    }

    /// Returns `workflow`, `activity`, or a word that this version does not know.
    #[must_use]
    pub fn kind(&self) -> Option<String> {
        count_call();
        self.target.kind.clone()
    }

    /// Returns the id of the workflow or activity.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        count_call();
        self.target.id.clone()
    }

    /// Returns the type of the workflow or activity.
    #[must_use]
    pub fn type_name(&self) -> Option<String> {
        count_call();
        self.target.type_name.clone()
    }

    /// Returns the id of the run, if it is known.
    #[must_use]
    pub fn run_id(&self) -> Option<String> {
        count_call();
        self.target.run_id.clone()
    }

    /// Returns the milliseconds until the host ends the call. In tests, always 10,000.
    #[must_use]
    pub fn time_left(&self) -> u64 {
        count_call();
        10_000
    }
}
