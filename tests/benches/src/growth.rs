//! Rule for costs that grow with a size: none may grow faster than the size itself.

use crate::Samples;

/// Exponent above which a cost grows faster than its size. It leaves room for noise: a cost of the exponent
/// 1.15 becomes 4.9 times as large where the size becomes 4 times as large.
pub const LINEAR: f64 = 1.15;

/// Cost at one size.
#[derive(Clone, Copy, Debug)]
pub struct Cost<'a> {
    /// Size, such as a number of calls.
    pub size: usize,
    /// Cost of each turn.
    pub turns: &'a Samples,
    /// Cost below which nothing can be told. Less counts as that much.
    pub floor: f64,
}

impl Cost<'_> {
    /// Returns the exponent of the growth since a smaller size: 0 if the cost stayed the same, 1 if it grew
    /// as the size did, 2 if it grew with the size's square.
    #[must_use]
    pub fn exponent(&self, smaller: &Self) -> f64 {
        self.exponent_from(smaller, 0.5, 0.5)
    }

    /// Returns whether the cost grew faster than the size since a smaller one: also if its cheapest turn is
    /// compared with the dearest turn there.
    #[must_use]
    pub fn is_faster_than_linear(&self, smaller: &Self) -> bool {
        self.exponent_from(smaller, 0.0, 1.0) > LINEAR
    }

    /// Returns the median, or the floor if that is more.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.at(0.5)
    }

    fn exponent_from(&self, smaller: &Self, share: f64, share_of_smaller: f64) -> f64 {
        let grown = self.at(share) / smaller.at(share_of_smaller);
        grown.ln() / (self.size as f64 / smaller.size as f64).ln()
    }

    fn at(&self, share: f64) -> f64 {
        self.turns.quantile(share).max(self.floor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(smaller: (usize, &[f64]), larger: (usize, &[f64]), exponent: f64, is_faster: bool) {
        let (before, after) = (smaller.1.to_vec().into(), larger.1.to_vec().into());
        let cost = |size, turns| Cost { size, turns, floor: 1e-3 };
        let (before, after) = (cost(smaller.0, &before), cost(larger.0, &after));
        let found = after.exponent(&before);
        assert!((found - exponent).abs() < 1e-3, "{found}");
        assert_eq!(after.is_faster_than_linear(&before), is_faster);
    }

    #[test]
    fn a_cost_that_stays_has_0_one_that_follows_has_1_and_a_square_has_2() {
        check((1, &[5.0]), (256, &[5.0]), 0.0, false);
        check((1, &[5.0]), (4, &[20.0]), 1.0, false);
        check((10, &[0.5]), (100, &[50.0]), 2.0, true);
    }

    #[test]
    fn a_step_is_marked_beyond_the_allowance() {
        check((1, &[1.0]), (4, &[4_f64.powf(1.14)]), 1.14, false);
        check((1, &[1.0]), (4, &[4_f64.powf(1.16)]), 1.16, true);
    }

    #[test]
    fn a_step_within_the_noise_of_its_turns_is_not_marked() {
        check((1, &[1.0, 1.0, 1.1]), (4, &[5.2, 6.0, 9.0]), 6_f64.ln() / 4_f64.ln(), false);
        check((1, &[1.0, 1.0, 1.1]), (4, &[5.9, 6.0, 9.0]), 6_f64.ln() / 4_f64.ln(), true);
    }

    #[test]
    fn what_is_too_small_to_tell_counts_as_the_floor() {
        check((1, &[1e-9]), (10, &[9e-4]), 0.0, false);
        check((1, &[1e-9]), (10, &[1e-2]), 1.0, false);
    }
}
