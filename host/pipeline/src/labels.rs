//! Names as labels of metrics, in a bounded number.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use cloakroom_core::clean;

/// Names that get a label of their own. All others share one: the clients that start workflows choose
/// the names, and each label is a time series for as long as the process lives.
const MOST: usize = 200;

/// Label of all names without one of their own.
pub const OTHER: &str = "other";

/// Characters that a label has at most.
const LABEL: usize = 128;

/// Returns a name as a label, on one line and bounded in length.
#[must_use]
pub fn label(name: &str) -> String {
    clean(name, LABEL)
}

/// Set of the first 200 names.
#[derive(Debug, Default)]
pub struct BoundedLabels<T>(Mutex<BTreeSet<T>>);

impl<T: Clone + Ord> BoundedLabels<T> {
    /// Returns an empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeSet::new()))
    }

    /// Returns whether a name may be a label, and adds it while there is room.
    #[must_use]
    pub fn admit(&self, name: &T) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(name) {
            return true;
        }
        let room = known.len() < MOST;
        if room {
            known.insert(name.clone());
        }
        room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_bounded_line() {
        assert_eq!(label("payments\n\u{1b}[2J"), "payments  [2J");
        assert_eq!(label(&"x".repeat(1 << 20)).chars().count(), LABEL);
    }

    #[test]
    fn admits_200_names_and_keeps_them() {
        let names = BoundedLabels::new();
        for name in 0..MOST {
            assert!(names.admit(&name));
        }
        assert!(!names.admit(&MOST));
        assert!(names.admit(&0));
    }
}
