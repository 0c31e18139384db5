//! One workflow instance, as far as its messages passed.

use super::{
    origin::Origin,
    plan::Plan,
    turn::Turn,
    weight::{EventWeight, Weight},
};

/// Size of the event `WorkflowStarted`, with which each turn begins.
const TURN: u64 = 24;

/// Sizes and facts of one instance.
#[derive(Debug, Default)]
pub(crate) struct Instance {
    pub(crate) origin: Origin,
    /// Events that its app was sent, in the order of the history.
    sent: Vec<EventWeight>,
    /// Events that its last turn added, by estimate.
    added: Weight,
    /// Results that passed since its last turn, by the numbers of their tasks.
    waiting: Vec<(i64, Weight)>,
    /// History that another workflow passed on.
    propagated: Weight,
    /// True if a part of its history did not pass here.
    pub(crate) is_partial: bool,
    /// True if its history was asked for.
    is_asked_for: bool,
    /// Ratios of its next turn to the limit, as predicted last: with the pipeline and without it.
    pub(crate) predicted: Option<[f64; 2]>,
    /// The limit at which somebody was warned.
    warned_at: Option<i64>,
}

impl Instance {
    /// Notes a turn that the app is sent.
    pub(crate) fn observe(&mut self, turn: Turn) {
        let Turn { origin, omitted, past, new, completed, propagated } = turn;
        if let Some(origin) = origin {
            self.origin = origin;
        }
        let known = self.sent.len();
        self.is_partial = omitted > known;
        // Events that were omitted are the first ones of those that are known.
        self.sent.truncate(omitted.min(known));
        self.sent.extend(past);
        self.sent.extend(new);
        self.sent.shrink_to_fit();
        self.added = Weight::default();
        self.propagated = propagated;
        // Results that passed while this turn was on its way come with the next one.
        self.waiting.retain(|(task, _)| *task >= 0 && !completed.contains(task));
    }

    /// Notes the whole history, as the sidecar has it.
    pub(crate) fn learn(&mut self, turn: Turn) {
        self.observe(turn);
        self.waiting.clear();
    }

    /// Notes the answer to a turn. The events of its actions are estimated.
    pub(crate) fn plan(&mut self, plan: &Plan) {
        if plan.continues_as_new {
            self.sent.clear();
            self.waiting.clear();
            (self.propagated, self.is_partial) = (Weight::default(), false);
            self.added = Weight::default();
        }
        let turn = Weight { sent: TURN, without: TURN };
        self.added += turn;
        self.added += plan.events;
    }

    /// Notes the result of a task, or an event if `task` is negative.
    pub(crate) fn wait(&mut self, task: i64, weight: Weight) {
        // A result may pass twice, and counts once.
        self.waiting.retain(|(other, _)| *other != task || task < 0);
        self.waiting.push((task, weight));
    }

    /// Notes the start of the instance.
    pub(crate) fn start(&mut self, workflow: &str, weight: Weight) {
        *self = Self::default();
        self.origin.workflow = workflow.to_owned();
        self.added = weight;
    }

    /// Returns what its next dispatch weighs by what is known.
    pub(crate) fn weight(&self) -> Weight {
        let mut sum: Weight = self.sent.iter().copied().collect();
        sum += self.waiting.iter().map(|(_, weight)| *weight).collect();
        sum += self.added;
        sum += self.propagated;
        sum
    }

    /// Returns the weight of its own history, which it may pass on to what it starts.
    pub(crate) fn own_weight(&self) -> Weight {
        let mut sum: Weight = self.sent.iter().copied().collect();
        sum += self.added;
        sum
    }

    /// Returns the history that another workflow passed on to it.
    pub(crate) fn propagated(&self) -> Weight {
        self.propagated
    }

    /// Returns whether somebody is to be warned that it will stall at this limit: once for each limit.
    pub(crate) fn should_warn(&mut self, limit: i64) -> bool {
        self.warned_at.replace(limit) != Some(limit)
    }

    /// Returns whether its history is to be asked for: once.
    pub(crate) fn should_ask(&mut self) -> bool {
        self.is_partial && !std::mem::replace(&mut self.is_asked_for, true)
    }

    pub(crate) fn heap_size(&self) -> usize {
        let names =
            self.origin.workflow.len() + self.origin.parent_app.as_ref().map_or(0, String::len);
        names
            + self.sent.capacity() * size_of::<EventWeight>()
            + self.waiting.capacity() * size_of::<(i64, Weight)>()
    }

    #[cfg(test)]
    pub(crate) fn grow_for_test(&mut self, events: usize) {
        self.sent = vec![EventWeight::new(1, 1); events];
    }
}
