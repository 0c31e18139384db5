//! Places of items and answers that wait: of one task, the last that arrived counts.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{ItemKind, WorkItemHead};

/// Tasks for which something waits: the items of a stream, or the answers to them.
#[derive(Default)]
pub(super) struct Waiting(Mutex<State>);

#[derive(Default)]
struct State {
    next: u64,
    newest: HashMap<Task, u64>,
}

/// The turn of a workflow, or the activity, that an item is for.
type Task = (String, Option<i32>);

/// Place of what waits, until this is dropped.
pub(super) struct Place<'a> {
    waiting: &'a Waiting,
    task: Task,
    number: u64,
}

impl Waiting {
    /// Ends the wait for the same task: Dapr delivers it again.
    pub(super) fn supersede(&self, head: &WorkItemHead) {
        self.lock().newest.remove(&task(head));
    }

    /// Returns a place for what is the newest of its task.
    pub(super) fn enter(&self, head: &WorkItemHead) -> Place<'_> {
        let (mut state, task) = (self.lock(), task(head));
        let number = state.next;
        state.next += 1;
        state.newest.insert(task.clone(), number);
        Place { waiting: self, task, number }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// Returns whether nothing newer for the same task has arrived.
    pub(super) fn is_newest(&self) -> bool {
        self.waiting.lock().newest.get(&self.task) == Some(&self.number)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.waiting.lock();
        if state.newest.get(&self.task) == Some(&self.number) {
            state.newest.remove(&self.task);
        }
    }
}

fn task(head: &WorkItemHead) -> Task {
    let activity = (head.kind == ItemKind::Activity).then_some(head.task_id);
    (head.instance_id.clone(), activity)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(instance: &str, activity: Option<i32>) -> WorkItemHead {
        let kind = if activity.is_some() { ItemKind::Activity } else { ItemKind::Workflow };
        let (instance_id, task_id) = (instance.to_owned(), activity.unwrap_or_default());
        WorkItemHead { kind, instance_id, task_id, ..WorkItemHead::default() }
    }

    #[test]
    fn the_newest_of_a_task_waits_alone() {
        let waiting = Waiting::default();
        let (turn, first, second) = (head("a", None), head("a", Some(1)), head("a", Some(2)));
        let places = [&turn, &first, &second].map(|head| waiting.enter(head));
        assert!(places.iter().all(Place::is_newest));
        waiting.supersede(&first);
        let newer = waiting.enter(&first);
        let newest: Vec<_> = places.iter().map(Place::is_newest).collect();
        assert_eq!(newest, [true, false, true]);
        drop(places);
        assert!(newer.is_newest());
        drop(newer);
        assert!(waiting.lock().newest.is_empty());
    }
}
