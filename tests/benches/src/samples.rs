//! Measurements of one thing.

use std::{hint::black_box, time::Instant};

/// Measurements of one thing, one for each turn.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Adds the measurement of a turn.
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// Returns the median, or 0 if there is no measurement.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Returns the value that this share of all measurements does not exceed.
    #[must_use]
    pub fn quantile(&self, share: f64) -> f64 {
        let mut values = self.0.clone();
        values.sort_by(f64::total_cmp);
        let last = values.len().saturating_sub(1) as f64;
        values.get((last * share).round() as usize).copied().unwrap_or_default()
    }

    /// Returns the mean, for what a system counts in steps that are too coarse for one turn.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len().max(1) as f64
    }

    /// Returns half of the distance between the quartiles, as a share of the median.
    #[must_use]
    pub fn spread(&self) -> f64 {
        match self.median() {
            0.0 => 0.0,
            median => (self.quantile(0.75) - self.quantile(0.25)) / 2.0 / median.abs(),
        }
    }

    /// Returns the first measurement alone.
    #[must_use]
    pub fn first(&self) -> Self {
        self.0.first().copied().into_iter().collect()
    }

    /// Returns the last measurement alone.
    #[must_use]
    pub fn last(&self) -> Self {
        self.0.last().copied().into_iter().collect()
    }

    /// Returns the number of turns.
    #[must_use]
    pub fn turns(&self) -> usize {
        self.0.len()
    }

    /// Returns the ratios of these to others, turn by turn.
    pub(crate) fn over(&self, others: &Self) -> Self {
        self.0.iter().zip(&others.0).map(|(value, other)| value / other).collect()
    }

    /// Returns these measurements in another unit.
    #[must_use]
    pub fn map(&self, change: impl Fn(f64) -> f64) -> Self {
        self.0.iter().copied().map(change).collect()
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl From<Vec<f64>> for Samples {
    fn from(values: Vec<f64>) -> Self {
        Self(values)
    }
}

/// Returns the seconds that a call took. Its result is dropped after that, as it is by who gets it.
pub fn timed<T>(run: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    let result = black_box(run());
    let seconds = start.elapsed().as_secs_f64();
    drop(result);
    seconds
}
