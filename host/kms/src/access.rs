//! KeyAccess of one key service: credentials and addresses that a configuration names, and the variables of
//! the process that the services' own tools read.

use std::{collections::BTreeMap, env, fmt, fs, time::Duration};

use cloakroom_core::{Error, ErrorKind};
use zeroize::Zeroizing;

/// Time of one request by default: a workflow task waits for it.
const TIMEOUT: Duration = Duration::from_secs(5);

/// KeyAccess of one key service.
///
/// A payload has no part in them: they come from whoever configures the process.
#[derive(Clone)]
#[must_use]
pub struct KeyAccess {
    values: BTreeMap<String, Zeroizing<String>>,
    pub(crate) reads_environment: bool,
    pub(crate) timeout: Duration,
}

impl Default for KeyAccess {
    fn default() -> Self {
        Self { values: BTreeMap::new(), reads_environment: false, timeout: TIMEOUT }
    }
}

impl KeyAccess {
    /// Sets one of the service's settings, such as `token`.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.values.insert(name.to_owned(), Zeroizing::new(value.to_owned()));
        self
    }

    /// Reads what is not set from the environment variables and files that the service's own tools read.
    pub fn with_environment(mut self) -> Self {
        self.reads_environment = true;
        self
    }

    /// Sets the time of one request. Default: 5 seconds.
    pub fn with_timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// Refuses settings that a service does not know.
    pub(crate) fn check(&self, known: &[&str]) -> Result<(), Error> {
        match self.values.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(config(format!(
                "unknown setting `{name}` of the key service: its settings are `{}`",
                known.join("`, `")
            ))),
        }
    }

    /// Returns a setting, or the first of these variables that is set.
    pub(crate) fn get(&self, name: &str, variables: &[&str]) -> Option<Zeroizing<String>> {
        let set = self.values.get(name).cloned();
        set.or_else(|| variables.iter().find_map(|variable| self.variable(variable)))
    }

    /// Returns a setting that is no secret, or the first of these variables that is set.
    pub(crate) fn text(&self, name: &str, variables: &[&str]) -> Option<String> {
        self.get(name, variables).map(|value| value.to_string())
    }

    /// Returns a variable of the process, if the environment is read and it is not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        let found = self.reads_environment.then(|| env::var(name).ok()).flatten();
        found.filter(|value| !value.is_empty()).map(Zeroizing::new)
    }

    /// Returns the authorities in the file that the setting `ca_file` or a variable names, in PEM.
    pub(crate) fn authorities(&self, variables: &[&str]) -> Result<Option<Vec<u8>>, Error> {
        let read = |path: String| {
            fs::read(&path)
                .map_err(|error| config(format!("cannot read the authorities in {path}: {error}")))
        };
        self.text("ca_file", variables).map(read).transpose()
    }

    /// Returns all settings but these, for the code that finds credentials.
    #[cfg(any(feature = "aws", feature = "google"))]
    pub(crate) fn without(&self, names: &[&str]) -> BTreeMap<String, Zeroizing<String>> {
        let others = self.values.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        others.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

impl fmt::Debug for KeyAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyAccess")
            .field("names", &self.values.keys())
            .field("reads_environment", &self.reads_environment)
            .finish_non_exhaustive()
    }
}

pub(crate) fn config(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_does_not_print() {
        let access = KeyAccess::default().with("token", "s3cret");
        assert!(!format!("{access:?}").contains("s3cret"));
        let refused = access.check(&["address"]).unwrap_err().to_string();
        assert!(refused.contains("`token`") && !refused.contains("s3cret"), "{refused}");
    }

    #[test]
    fn a_setting_goes_before_the_environment_which_is_read_only_if_asked() {
        let access = KeyAccess::default().with("home", "set");
        assert_eq!(access.text("home", &["PATH"]).as_deref(), Some("set"));
        assert_eq!(access.text("other", &["PATH"]), None);
        assert!(access.with_environment().text("other", &["NOT_SET_ANYWHERE", "PATH"]).is_some());
    }
}
