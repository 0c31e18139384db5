//! Dapr's size budget: the sizes that it weighs, and its verdict.
//!
//! A sidecar stalls a workflow whose next dispatch is larger than 95 % of its `--max-body-size`. The
//! arithmetic is Dapr's, in integers: what is equal passes, and without a limit nothing is weighed.
//!
//! ```
//! use cloakroom_dapr::budget;
//! use cloakroom_pipeline::Verdict;
//!
//! let budget = budget::of(4 << 20);
//! assert_eq!(budget.verdict(3_984_588), Verdict::Fits);
//! assert_eq!(budget.verdict(3_984_589), Verdict::Stall);
//! assert_eq!(budget::of(0).verdict(u64::MAX), Verdict::Fits);
//! ```

use cloakroom_pipeline::Budget;
use cloakroom_wire::{MessageType, Schema, View};

use crate::fields::field_size;

/// Percentage of the limit that a dispatch may use.
pub const PERCENT: u32 = 95;

/// Returns the budget of a sidecar with this `--max-body-size`. Zero and less mean that there is none.
#[must_use]
pub fn of(max_body_size: i64) -> Budget {
    Budget { max: max_body_size, percent: PERCENT }
}

/// Returns the size of a workflow's dispatch, as a sidecar weighs it: all past events, all new events
/// and the history that another workflow passed on, without the framing around each.
///
/// `request` is a `WorkflowRequest`. One with a part of the history weighs as much as that part.
#[must_use]
pub fn workflow_size(request: &[u8]) -> u64 {
    let Some(message) = message("WorkflowRequest") else { return 0 };
    let view = View::new(message, request);
    let fields = view.fields();
    let counted = fields.iter().filter(|field| {
        let name = message.field_name(field.number);
        matches!(name, Some("pastEvents" | "newEvents" | "propagatedHistory"))
    });
    counted.filter_map(|field| field.content).map(|content| content.len() as u64).sum()
}

/// Returns the size of an activity's dispatch, as a sidecar weighs it: the event `TaskScheduled`, or,
/// with history that is passed on, the message `ActivityInvocation` around both.
#[must_use]
pub fn activity_size(event: u64, propagated: Option<u64>) -> u64 {
    match propagated {
        None => event,
        Some(history) => field_size(event) + field_size(history),
    }
}

/// Returns a message type of Dapr.
pub(crate) fn message(name: &str) -> Option<MessageType> {
    Schema::dapr().message(name)
}

#[cfg(test)]
mod tests {
    use cloakroom_pipeline::Verdict::{Fits, Stall};

    use super::*;
    use crate::fields::put_bytes;

    const MIB: i64 = 1 << 20;

    /// Expected values are those of `payloadsize.go` of Dapr 1.18: `(max * 95) / 100`, and `size <= it`.
    #[test]
    fn the_verdict_is_daprs_at_every_boundary() {
        for (max, most) in [
            (1, 0_u64),
            (2, 1),
            (19, 18),
            (20, 19),
            (21, 19),
            (100, 95),
            (101, 95),
            (MIB, 996_147),
            (4 * MIB, 3_984_588),
            (16 * MIB, 15_938_355),
            (1 << 40, 1_044_536_046_387),
        ] {
            let budget = of(max);
            assert_eq!(budget.most(), Some(most), "{max}");
            assert_eq!(budget.verdict(most.saturating_sub(1)), Fits, "{max}");
            assert_eq!(budget.verdict(most), Fits, "{max}");
            assert_eq!(budget.verdict(most + 1), Stall, "{max}");
            assert_eq!(budget.verdict(u64::MAX), Stall, "{max}");
        }
        for max in [0, -1, i64::MIN] {
            let budget = of(max);
            assert_eq!((budget.most(), budget.ratio(1)), (None, None), "{max}");
            assert_eq!(budget.verdict(u64::MAX), Fits, "{max}");
        }
        // Dapr's product overflows from 97 PB on. Ours does not.
        assert_eq!(of(i64::MAX).verdict(8_000_000_000_000_000_000), Fits);
    }

    #[test]
    fn a_workflow_weighs_its_events_without_their_framing() {
        let mut request = Vec::new();
        put_bytes(&mut request, 1, b"instance-1");
        put_bytes(&mut request, 3, &[b"\x08\x01\x5a", &[0; 0][..]].concat());
        put_bytes(&mut request, 3, &[0; 200]);
        put_bytes(&mut request, 4, &[0; 30]);
        put_bytes(&mut request, 8, &[0; 1000]);
        put_bytes(&mut request, 77, &[0; 5000]);
        assert_eq!(workflow_size(&request), 3 + 200 + 30 + 1000);
        assert_eq!(activity_size(500, None), 500);
        assert_eq!(activity_size(500, Some(1000)), 503 + 1003);
    }
}
