//! Counts of each call, and their comparison with those of the repository.

use std::{collections::BTreeMap, fmt};

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

use super::callgrind::Profile;

/// Change from which a count is another, in percent.
const TOLERANCE: u64 = 5;

/// Allocations, or thousands of instructions, by which a small count may differ: a lock that was taken a
/// moment later.
const SLACK: u64 = 2;

/// Counts by name, of one kind of call.
pub(crate) type Counts = BTreeMap<String, u64>;

/// Counts of all calls, by their names.
pub(crate) type AllCounts = BTreeMap<String, Counts>;

/// Returns the counts of one call, of a profile of several.
pub(crate) fn of_one(profile: &Profile, runs: usize) -> Counts {
    let runs = runs.max(1) as u64;
    let counts = [
        ("instructions", profile.own(|_| true)),
        ("instructions that copy or fill memory", profile.copying()),
        ("allocations", profile.allocations()),
    ];
    counts.into_iter().map(|(name, count)| (name.to_owned(), count / runs)).collect()
}

/// Reads the file of the repository.
///
/// # Errors
/// If it is another JSON.
pub(crate) fn read(text: &str) -> Result<AllCounts> {
    let calls: Map<String, Value> = serde_json::from_str(text).context("is no JSON of counts")?;
    let counts = |counts: &Value| -> Option<Counts> {
        let counts = counts.as_object()?.iter();
        counts.map(|(name, count)| Some((name.clone(), count.as_u64()?))).collect()
    };
    let calls = calls.iter().map(|(call, value)| {
        let counts = counts(value).with_context(|| format!("`{call}` has another count"))?;
        Ok((call.clone(), counts))
    });
    calls.collect()
}

/// Returns the file of the repository.
pub(crate) fn write(calls: &AllCounts) -> String {
    let counts = |counts: &Counts| {
        counts
            .iter()
            .map(|(name, count)| (name.clone(), Value::from(*count)))
            .collect::<Map<_, _>>()
    };
    let calls = calls.iter().map(|(call, value)| (call.clone(), Value::from(counts(value))));
    format!("{:#}\n", Value::Object(calls.collect()))
}

/// Difference between what was counted and what the repository says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Change {
    call: String,
    count: String,
    before: u64,
    now: u64,
}

impl Change {
    /// Returns whether the call costs more than before.
    pub(crate) fn is_worse(&self) -> bool {
        self.now > self.before
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, count, before, now } = self;
        let percent = (*now as f64 / (*before).max(1) as f64 - 1.0) * 100.0;
        write!(f, "{call}: {before} {count} before, {now} now ({percent:+.1} %)")
    }
}

/// Returns the counts that changed by more than is tolerated. A call that only one side has is a change
/// from or to nothing.
pub(crate) fn changes(before: &AllCounts, now: &AllCounts) -> Vec<Change> {
    let mut changes = Vec::new();
    let calls = before.keys().chain(now.keys().filter(|call| !before.contains_key(*call)));
    for call in calls {
        let counts = |all: &AllCounts| all.get(call).cloned().unwrap_or_default();
        let (before, now) = (counts(before), counts(now));
        let names = before.keys().chain(now.keys().filter(|name| !before.contains_key(*name)));
        for name in names {
            let count = |counts: &Counts| counts.get(name).copied().unwrap_or_default();
            let (before, now) = (count(&before), count(&now));
            if before.abs_diff(now) > (before * TOLERANCE / 100).max(slack(name)) {
                changes.push(Change { call: call.clone(), count: name.clone(), before, now });
            }
        }
    }
    changes
}

fn slack(count: &str) -> u64 {
    if count == "allocations" { SLACK } else { SLACK * 1000 }
}

#[cfg(test)]
mod tests {
    use super::{super::callgrind::EXAMPLE, *};

    fn all(instructions: u64, allocations: u64) -> AllCounts {
        let counts = [("instructions", instructions), ("allocations", allocations)];
        let counts = counts.map(|(name, count)| (name.to_owned(), count));
        [("encode, warm".to_owned(), counts.into())].into()
    }

    #[test]
    fn counts_are_those_of_one_call() {
        let counts = of_one(&Profile::parse(EXAMPLE).unwrap(), 2);
        assert_eq!(counts["instructions"], 390);
        assert_eq!(counts["allocations"], 2);
    }

    #[test]
    fn names_the_call_that_costs_more_and_both_figures() {
        assert_eq!(changes(&all(100_000, 50), &all(105_000, 52)), []);
        let worse = changes(&all(100_000, 50), &all(105_001, 53));
        let text: Vec<_> = worse.iter().map(ToString::to_string).collect();
        assert_eq!(
            text,
            [
                "encode, warm: 50 allocations before, 53 now (+6.0 %)",
                "encode, warm: 100000 instructions before, 105001 now (+5.0 %)",
            ]
        );
        assert!(worse.iter().all(Change::is_worse));
        assert!(!changes(&all(100_000, 50), &all(90_000, 50))[0].is_worse());
    }

    #[test]
    fn a_call_that_is_gone_or_new_is_a_change() {
        assert_eq!(changes(&all(100_000, 50), &AllCounts::new()).len(), 2);
        assert_eq!(changes(&AllCounts::new(), &all(100_000, 50)).len(), 2);
    }

    #[test]
    fn reads_what_it_wrote() {
        assert_eq!(read(&write(&all(7, 8))).unwrap(), all(7, 8));
        assert!(read(r#"{ "encode": 7 }"#).is_err());
    }
}
