//! The answer to a turn: the events that its actions will add to the history, and what they start.

use cloakroom_wire::View;

use super::weight::{EventWeight, Weight};
use crate::fields::field_size;

/// Events and activities that a `WorkflowResponse` adds to its workflow.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Events of all actions.
    pub(crate) events: Weight,
    pub(crate) tasks: Vec<Task>,
    /// True if the workflow ends.
    pub(crate) ends: bool,
    /// True if the workflow starts anew, with an empty history.
    pub(crate) continues_as_new: bool,
}

/// An activity that is dispatched.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) name: String,
    /// Its event in the history.
    pub(crate) event: Weight,
    /// History that it is sent.
    pub(crate) scope: Scope,
}

/// History that an activity is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    None,
    Own,
    Lineage,
}

impl Scope {
    /// Returns the weight of what is sent, of a workflow's own history and of what it inherited.
    pub(crate) fn weight(self, own: Weight, inherited: Weight) -> Option<Weight> {
        match self {
            Self::None => None,
            Self::Own => Some(own),
            Self::Lineage => Some([own, inherited].into_iter().collect()),
        }
    }
}

/// Bytes that an event has around what its action says: number, time and router.
const AROUND: u64 = 36;

/// `ORCHESTRATION_STATUS_CONTINUED_AS_NEW`.
pub(crate) const CONTINUED_AS_NEW: u64 = 2;

/// Returns the size of the event that follows from an action or a result with so many bytes, in an app
/// with this id. It is an estimate until the event passes.
pub(crate) fn event_size(content: usize, app_id: &str) -> usize {
    let size = field_size(content as u64) + AROUND + app_id.len() as u64;
    usize::try_from(size).unwrap_or(usize::MAX)
}

impl Plan {
    /// Reads the answer as the app sent it, and as the sidecar gets it.
    pub(crate) fn read(plain: View<'_>, encoded: View<'_>, app_id: &str) -> Self {
        let mut plan = Self::default();
        let (before, after) = (plain.fields(), encoded.fields());
        for (before, after) in before.iter().zip(&after) {
            let name = encoded.message_type().field_name(after.number);
            if let (Some("actions"), Some(before), Some(after)) =
                (name, before.content, after.content)
            {
                let actions = [before, after].map(|bytes| encoded.inner("WorkflowAction", bytes));
                if let [Some(before), Some(after)] = actions {
                    plan.add(before, after, app_id);
                }
            }
        }
        plan
    }

    fn add(&mut self, before: View<'_>, after: View<'_>, app_id: &str) {
        let size = |action: View<'_>| {
            let fields = action.fields();
            let content = fields.iter().filter_map(|field| field.content).map(<[u8]>::len).max();
            event_size(content.unwrap_or_default(), app_id)
        };
        let event: Weight = EventWeight::new(size(after), size(before)).into();
        self.events += event;
        if let Some(task) = after.message("scheduleTask") {
            let scope = match task.number("historyPropagationScope") {
                Some(1) => Scope::Own,
                Some(2) => Scope::Lineage,
                _ => Scope::None,
            };
            self.tasks.push(Task {
                name: task.text("name").unwrap_or_default().to_owned(),
                event,
                scope,
            });
        }
        if let Some(complete) = after.message("completeWorkflow") {
            self.continues_as_new = complete.number("workflowStatus") == Some(CONTINUED_AS_NEW);
            self.ends = !self.continues_as_new;
        }
    }
}
