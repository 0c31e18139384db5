//! Weighs what is about to be sent, and keeps count of how close to the limit it comes.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use cloakroom_core::{Context, Kind};
use metrics::histogram;

use crate::{Budget, Verdict, metric};

/// Subjects that are counted under their own names. What is beyond is counted together: names are
/// chosen by whoever starts workflows, and each is a time series for as long as the process lives.
const NAMES: usize = 200;

/// Stands for the names that are beyond.
const OTHER: &str = "other";

/// Gives the verdicts of budgets, and records each as a metric.
#[derive(Debug, Default)]
pub struct Scale(Mutex<BTreeSet<[String; 3]>>);

/// Whose size it is. Empty where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// The workflow's name.
    pub workflow: &'a str,
    /// The activity's name, if it is dispatched to an activity.
    pub activity: Option<&'a str>,
}

impl<'a> Subject<'a> {
    /// What a context knows.
    pub fn of(ctx: &'a Context) -> Self {
        let namespace = ctx.namespace_name().unwrap_or_default();
        let name = ctx.type_name().unwrap_or_default();
        match ctx.kind() {
            Some(Kind::Activity) => Self { namespace, workflow: "", activity: Some(name) },
            _ => Self { namespace, workflow: name, activity: None },
        }
    }
}

impl Scale {
    /// Whether something of this size may be sent. Where there is no limit there is no metric: a
    /// ratio to nothing is no number.
    pub fn weigh(&self, budget: Budget, size: u64, subject: Subject<'_>) -> Verdict {
        if let Some(ratio) = budget.ratio(size) {
            self.record(ratio, subject);
        }
        budget.verdict(size)
    }

    fn record(&self, ratio: f64, subject: Subject<'_>) {
        let Subject { namespace, workflow, activity } = subject;
        let names = [namespace, workflow, activity.unwrap_or_default()].map(str::to_owned);
        let [namespace, workflow, name] = match self.is_known(&names) {
            true => names,
            false => [OTHER, OTHER, OTHER].map(str::to_owned),
        };
        match activity {
            None => {
                let labels = [("namespace", namespace), ("workflow_name", workflow)];
                histogram!(metric::WORKFLOW_RATIO, &labels).record(ratio);
            }
            Some(_) => {
                let labels = [
                    ("namespace", namespace),
                    ("workflow_name", workflow),
                    ("activity_name", name),
                ];
                histogram!(metric::ACTIVITY_RATIO, &labels).record(ratio);
            }
        }
    }

    fn is_known(&self, names: &[String; 3]) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(names) {
            return true;
        }
        let room = known.len() < NAMES;
        if room {
            known.insert(names.clone());
        }
        room
    }
}
