//! Codecs and drivers: each kind of plugin has its own share of instances.

/// Place of a plugin in a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PluginRole {
    /// A codec.
    Stage,
    /// A storage driver.
    Driver,
}

impl PluginRole {
    pub(super) const ALL: [Self; 2] = [Self::Stage, Self::Driver];

    /// Returns the value of the metrics' label `part`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Driver => "driver",
        }
    }
}

/// One value for codecs and one for drivers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PerRole<T> {
    pub(super) stage: T,
    pub(super) driver: T,
}

impl<T> PerRole<T> {
    /// Returns a pair of values that `make` makes.
    pub(super) fn from_fn(make: impl Fn() -> T) -> Self {
        Self { stage: make(), driver: make() }
    }

    pub(super) fn map<R>(self, change: impl Fn(T) -> R) -> PerRole<R> {
        PerRole { stage: change(self.stage), driver: change(self.driver) }
    }

    pub(super) fn get_mut(&mut self, role: PluginRole) -> &mut T {
        match role {
            PluginRole::Stage => &mut self.stage,
            PluginRole::Driver => &mut self.driver,
        }
    }
}
