//! Names that may become labels of metrics.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use cloakroom_core::clean;

/// Names that are counted under their own. What is beyond is counted together: names are chosen by
/// whoever starts workflows, and each is a time series for as long as the process lives.
const MOST: usize = 200;

/// Stands for the names that are beyond.
pub(crate) const OTHER: &str = "other";

/// The most characters of a label.
const LABEL: usize = 128;

/// Returns a name as a label: on one line, and no longer than a name is.
pub(crate) fn label(name: &str) -> String {
    clean(name, LABEL)
}

/// The first 200 names that were asked for.
#[derive(Debug, Default)]
pub(crate) struct Names<T>(Mutex<BTreeSet<T>>);

impl<T: Clone + Ord> Names<T> {
    /// Returns an empty set.
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(BTreeSet::new()))
    }

    /// Returns whether a name may be a label, and takes it in while there is room.
    pub(crate) fn admit(&self, name: &T) -> bool {
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
        let names = Names::new();
        for name in 0..MOST {
            assert!(names.admit(&name));
        }
        assert!(!names.admit(&MOST));
        assert!(names.admit(&0));
    }
}
