//! Weights: sizes with the pipeline and without it.

use std::ops::AddAssign;

/// Size of a part of a dispatch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    /// Size as the sidecar has it.
    pub(crate) sent: u64,
    /// Size that it would have without the pipeline.
    pub(crate) without: u64,
}

/// Size of one event, in little memory: a history has thousands of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct EventWeight {
    sent: u32,
    without: u32,
}

impl EventWeight {
    /// Returns the weight of an event of these sizes. No message has 4 GiB.
    pub(crate) fn new(sent: usize, without: usize) -> Self {
        let [sent, without] = [sent, without].map(|size| u32::try_from(size).unwrap_or(u32::MAX));
        Self { sent, without }
    }
}

impl From<EventWeight> for Weight {
    fn from(event: EventWeight) -> Self {
        Self { sent: event.sent.into(), without: event.without.into() }
    }
}

impl AddAssign for Weight {
    fn add_assign(&mut self, other: Self) {
        self.sent = self.sent.saturating_add(other.sent);
        self.without = self.without.saturating_add(other.without);
    }
}

impl<T: Into<Self>> FromIterator<T> for Weight {
    fn from_iter<I: IntoIterator<Item = T>>(parts: I) -> Self {
        let mut sum = Self::default();
        parts.into_iter().for_each(|part| sum += part.into());
        sum
    }
}
