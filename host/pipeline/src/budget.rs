//! Budget of sizes: how large a message may get before it is refused.

/// Part of a workflow engine's limit that may be used.
///
/// The margin is for fields that are added to a message after it was weighed. A verdict depends only on the
/// size and the budget, so a replay of a workflow gets the same verdict.
///
/// ```
/// use cloakroom_pipeline::{Budget, Verdict};
///
/// // A message of gRPC's 4 MiB, and its frame.
/// let message = Budget { max: 4 << 20, percent: 95 };
/// assert_eq!(message.most(), Some(3_984_588));
/// assert_eq!(message.verdict(3_984_588), Verdict::Fits);
/// assert_eq!(message.verdict(3_984_589), Verdict::Stall);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bytes that the workflow engine accepts. Zero and less mean that there is no limit.
    pub max: i64,
    /// Percentage of it that may be used.
    pub percent: u32,
}

/// Verdict of a budget on the size of a payload, a message or a dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may be sent.
    Fits,
    /// It must not be sent. Nothing is lost, and nothing else is held back.
    Stall,
}

impl Budget {
    /// No limit.
    pub const NONE: Self = Self { max: 0, percent: 100 };

    /// Returns the largest size that fits, if there is a limit.
    #[must_use]
    pub fn most(self) -> Option<u64> {
        // In 64 bits the product would overflow for a limit near `i64::MAX`.
        let max = u128::from(self.limit()?);
        u64::try_from(max * u128::from(self.percent) / 100).ok()
    }

    /// Returns the verdict on a size.
    #[must_use]
    pub fn verdict(self, size: u64) -> Verdict {
        match self.most() {
            Some(most) if size > most => Verdict::Stall,
            _ => Verdict::Fits,
        }
    }

    /// Returns the ratio of a size to the limit, if there is a limit.
    #[must_use]
    pub fn ratio(self, size: u64) -> Option<f64> {
        // Both are far below what a float counts exactly.
        #[expect(clippy::cast_precision_loss)]
        self.limit().map(|max| size as f64 / max as f64)
    }

    /// Returns the budget that allows less.
    #[must_use]
    pub fn tighter(self, other: Self) -> Self {
        match (self.most(), other.most()) {
            (Some(mine), Some(others)) if others < mine => other,
            (None, Some(_)) => other,
            _ => self,
        }
    }

    fn limit(self) -> Option<u64> {
        u64::try_from(self.max).ok().filter(|max| *max != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: i64 = 1 << 20;

    #[test]
    fn what_is_equal_fits_and_one_more_stalls() {
        for (max, percent, most) in [
            (2 * MIB, 100, 2_097_152),
            (4 * MIB, 95, 3_984_588),
            (1, 95, 0),
            (101, 50, 50),
            (100, 150, 150),
            (i64::MAX, 100, u64::try_from(i64::MAX).unwrap()),
        ] {
            let budget = Budget { max, percent };
            assert_eq!(budget.most(), Some(most), "{budget:?}");
            assert_eq!(budget.verdict(most), Verdict::Fits, "{budget:?}");
            assert_eq!(budget.verdict(most + 1), Verdict::Stall, "{budget:?}");
        }
    }

    #[test]
    fn no_limit_is_no_check_and_no_ratio() {
        for max in [0, -1, i64::MIN] {
            let budget = Budget { max, percent: 95 };
            assert_eq!(budget.most(), None);
            assert_eq!(budget.verdict(u64::MAX), Verdict::Fits);
            assert_eq!(budget.ratio(1), None);
        }
    }

    #[test]
    fn the_tighter_of_two_is_the_one_that_leaves_less() {
        let (payload, message) =
            (Budget { max: 2 * MIB, percent: 100 }, Budget { max: 4 * MIB, percent: 95 });
        assert_eq!(payload.tighter(message), payload);
        assert_eq!(message.tighter(payload), payload);
        assert_eq!(Budget::NONE.tighter(message), message);
        assert_eq!(message.tighter(Budget::NONE), message);
        assert_eq!(Budget::NONE.tighter(Budget::NONE), Budget::NONE);
    }
}
