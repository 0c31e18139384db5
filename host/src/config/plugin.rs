//! A plugin at its place in a configuration, as written.

use std::{borrow::Cow, collections::BTreeMap, net::SocketAddr, path::Path};

use serde::Deserialize;

use super::units::Setting;

/// What stages and drivers have in common: a plugin, and what it may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PluginEntry<'a> {
    pub(crate) plugin: &'a str,
    pub(crate) name: Option<&'a str>,
    /// The name in references, if it is a driver.
    pub(crate) driver: Option<&'a str>,
    pub(crate) digest: Option<&'a str>,
    pub(crate) reuse: ReuseWord,
    pub(crate) settings: &'a BTreeMap<String, Setting>,
    pub(crate) grants: &'a GrantsEntry,
}

impl<'a> PluginEntry<'a> {
    /// Where the plugin comes from: `bundled`, `file` or `native`, and its name there.
    pub(crate) fn origin(&self) -> (&'a str, &'a str) {
        self.plugin.split_once(':').unwrap_or(("", self.plugin))
    }

    /// Returns the stage or the driver, as errors call it.
    pub(crate) fn part(&self) -> String {
        match self.driver {
            Some(name) => format!("driver `{name}`"),
            None => format!("stage `{}`", self.stage_name()),
        }
    }

    /// Returns what a stage of this plugin is called in errors.
    pub(crate) fn stage_name(&self) -> Cow<'a, str> {
        if let Some(name) = self.name {
            return Cow::Borrowed(name);
        }
        match self.origin() {
            ("file", path) => Path::new(path).file_stem().unwrap_or_default().to_string_lossy(),
            (_, name) => Cow::Borrowed(name),
        }
    }
}

/// How instances live.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReuseWord {
    #[default]
    Fresh,
    Warm,
}

/// `grants` of a stage or a driver.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct GrantsEntry {
    pub(crate) keys: Vec<String>,
    pub(crate) subkeys: Vec<String>,
    pub(crate) buckets: Vec<String>,
    pub(crate) tcp: Vec<SocketAddr>,
    pub(crate) log: bool,
}
