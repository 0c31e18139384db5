//! Turns of callers that each ask again as soon as they are answered.

use crate::Samples;

/// Measurements of one contestant in one turn.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Answers a second.
    pub rate: f64,
    /// Seconds of the contestant's processor time for each.
    pub work: f64,
    /// Seconds that each took.
    pub latencies: Vec<f64>,
}

impl Turn {
    /// Returns the turn in which these answers came within `seconds`, while the contestant worked for
    /// `worked` seconds.
    #[must_use]
    pub fn new(latencies: Vec<f64>, seconds: f64, worked: f64) -> Self {
        let count = latencies.len() as f64;
        Self { rate: count / seconds, work: worked / count, latencies }
    }
}

/// Turns of one contestant.
#[derive(Clone, Debug, Default)]
pub struct Turns(Vec<Turn>);

impl Turns {
    /// Adds a turn.
    pub fn push(&mut self, turn: Turn) {
        self.0.push(turn);
    }

    /// Returns the answers a second.
    #[must_use]
    pub fn rate(&self) -> Samples {
        self.0.iter().map(|turn| turn.rate).collect()
    }

    /// Returns the seconds of processor time for each answer.
    #[must_use]
    pub fn work(&self) -> Samples {
        self.0.iter().map(|turn| turn.work).collect()
    }

    /// Returns the time that this share of each turn's answers did not exceed.
    #[must_use]
    pub fn within(&self, share: f64) -> Samples {
        let quantile = |turn: &Turn| Samples::from(turn.latencies.clone()).quantile(share);
        self.0.iter().map(quantile).collect()
    }
}
