//! The checksums in `Cargo.lock`.

use std::collections::BTreeMap;

/// Checksums by name and version.
pub(super) struct Lock(BTreeMap<(String, String), String>);

impl Lock {
    pub(super) fn parse(text: &str) -> Self {
        let package = |entry: &str| {
            let value = |key: &str| {
                let line = entry.lines().find_map(|line| line.strip_prefix(key));
                line.map(|value| value.trim_matches('"').to_owned())
            };
            Some(((value("name = ")?, value("version = ")?), value("checksum = ")?))
        };
        Self(text.split("[[package]]").filter_map(package).collect())
    }

    /// Returns the SHA-256 of what the registry gives, or `None` for a package of this workspace.
    pub(super) fn checksum(&self, name: &str, version: &str) -> Option<&str> {
        self.0.get(&(name.to_owned(), version.to_owned())).map(String::as_str)
    }
}
