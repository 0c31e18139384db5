//! Settings of a plugin.

use std::collections::BTreeMap;

/// Settings of a plugin: names and values that it reads. Secrets do not belong here, since a plugin may
/// write them into a payload or a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Returns no settings.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a setting, or replaces the one of this name.
    #[must_use]
    pub fn with_setting(mut self, name: &str, value: impl ToString) -> Self {
        self.0.insert(name.to_owned(), value.to_string());
        self
    }

    /// Returns a value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns all names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl FromIterator<(String, String)> for Settings {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}
