//! Codecs and drivers, which have places of their own.

/// The kind of plugin that a guest belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A codec.
    Stage,
    /// A storage driver.
    Driver,
}

impl Part {
    pub(super) const ALL: [Self; 2] = [Self::Stage, Self::Driver];

    /// Returns the word for a metric's label.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Driver => "driver",
        }
    }
}

/// One value for each part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts<T> {
    pub(super) stage: T,
    pub(super) driver: T,
}

impl<T> Parts<T> {
    pub(super) fn both(value: impl Fn() -> T) -> Self {
        Self { stage: value(), driver: value() }
    }

    pub(super) fn map<R>(self, change: impl Fn(T) -> R) -> Parts<R> {
        Parts { stage: change(self.stage), driver: change(self.driver) }
    }

    pub(super) fn of(&mut self, part: Part) -> &mut T {
        match part {
            Part::Stage => &mut self.stage,
            Part::Driver => &mut self.driver,
        }
    }
}
