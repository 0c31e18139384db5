//! Stall of a workflow: a dispatch that was over the budget, as Dapr records it in a history.

use std::fmt;

use cloakroom_pipeline::Verdict;
use cloakroom_wire::View;

use crate::{
    budget,
    fields::{put_bytes, put_number, put_text},
};

/// `StalledReason.PAYLOAD_SIZE_EXCEEDED`.
const PAYLOAD_SIZE_EXCEEDED: u64 = 2;

/// Number of `HistoryEvent.executionStalled`.
const EXECUTION_STALLED: u32 = 31;

/// A dispatch that was not made because it is over the budget.
///
/// It is durable: a program writes [`Stall::to_event`] into the history of the workflow, and asks
/// [`Stall::holds`] before it tries again. Other workflows are not concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stall {
    /// Size of the dispatch.
    pub size: u64,
    /// The limit at the time, as `--max-body-size` has it.
    pub max_body_size: i64,
    /// Name and number of the activity, if one was dispatched.
    pub activity: Option<(String, i32)>,
}

impl Stall {
    /// Returns whether the dispatch would stall under the limit of today. A raised or removed limit
    /// clears it.
    #[must_use]
    pub fn holds(&self, max_body_size: i64) -> bool {
        budget::of(max_body_size).verdict(self.size) == Verdict::Stall
    }

    /// Returns the event that Dapr writes into the history, a `HistoryEvent`, at this time in seconds and
    /// nanoseconds since 1970.
    #[must_use]
    pub fn to_event(&self, seconds: i64, nanoseconds: i32) -> Vec<u8> {
        let (mut timestamp, mut stalled, mut event) = (Vec::new(), Vec::new(), Vec::new());
        put_number(&mut timestamp, 1, seconds);
        put_number(&mut timestamp, 2, i64::from(nanoseconds));
        put_number(&mut stalled, 1, PAYLOAD_SIZE_EXCEEDED.cast_signed());
        put_text(&mut stalled, 2, &self.to_string());
        put_number(&mut event, 1, -1);
        put_bytes(&mut event, 2, &timestamp);
        // The tag has two bytes, because the number is over 15.
        put_bytes(&mut event, EXECUTION_STALLED, &stalled);
        event
    }

    /// Returns the stall that a `HistoryEvent` records. Nothing if it records no stall by size, or one in
    /// other words than Dapr's.
    #[must_use]
    pub fn from_event(event: &[u8]) -> Option<Self> {
        let stalled =
            View::new(budget::message("HistoryEvent")?, event).message("executionStalled")?;
        let is_size = stalled.number("reason") == Some(PAYLOAD_SIZE_EXCEEDED);
        parse(stalled.text("description").filter(|_| is_size)?)
    }
}

/// Reads the numbers in a description.
fn parse(description: &str) -> Option<Stall> {
    // The name of an activity may hold any words, so they are looked for from the end.
    let (activity, rest) = match description.strip_prefix("Workflow payload size ") {
        Some(rest) => (None, rest),
        None => {
            let activity =
                description.strip_suffix(": activity payload exceeds max gRPC body size")?;
            let (activity, rest) =
                activity.strip_prefix("activity '")?.rsplit_once("' payload ")?;
            let (name, number) = activity.rsplit_once("::")?;
            (Some((name.to_owned(), number.parse().ok()?)), rest)
        }
    };
    let (size, rest) = rest.split_once(" bytes exceeds ")?;
    let (_, rest) = rest.split_once(" of max gRPC body size ")?;
    let (max, _) = rest.split_once(" bytes")?;
    Some(Stall { size: size.parse().ok()?, max_body_size: max.parse().ok()?, activity })
}

/// Dapr's words.
impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, max_body_size: max, activity } = self;
        match activity {
            Some((name, number)) => write!(f, "activity '{name}::{number}' payload")?,
            None => write!(f, "Workflow payload size")?,
        }
        let percent = budget::PERCENT;
        write!(
            f,
            " {size} bytes exceeds {percent}% of max gRPC body size {max} bytes; increase daprd "
        )?;
        write!(f, "--max-body-size and restart to resume")?;
        match activity {
            Some(_) => write!(f, ": activity payload exceeds max gRPC body size"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stall(activity: Option<(String, i32)>) -> Stall {
        Stall { size: 1_000_000, max_body_size: 1 << 20, activity }
    }

    #[test]
    fn says_what_dapr_says() {
        assert_eq!(
            stall(None).to_string(),
            "Workflow payload size 1000000 bytes exceeds 95% of max gRPC body size 1048576 bytes; \
             increase daprd --max-body-size and restart to resume"
        );
        assert_eq!(
            stall(Some(("Charge".to_owned(), 3))).to_string(),
            "activity 'Charge::3' payload 1000000 bytes exceeds 95% of max gRPC body size 1048576 bytes; \
             increase daprd --max-body-size and restart to resume: activity payload exceeds max gRPC body \
             size"
        );
    }

    #[test]
    fn comes_back_from_a_history_and_clears_when_the_limit_was_raised() {
        for activity in [None, Some(("a payload ::' of".to_owned(), -1)), Some((String::new(), 0))]
        {
            let stall = stall(activity);
            let event = stall.to_event(1_780_000_000, 5);
            assert_eq!(Stall::from_event(&event).as_ref(), Some(&stall));
            assert!(stall.holds(1 << 20) && !stall.holds(2 << 20) && !stall.holds(0));
        }
        assert_eq!(Stall::from_event(b"\x08\x01"), None);
        assert_eq!(Stall::from_event(b"\xfa\x01\x02\x08\x01"), None);
        assert_eq!(Stall::from_event(b"\xfa\x01\x05\x08\x02\x12\x01x"), None);
    }
}
