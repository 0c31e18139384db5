//! A plugin of a stage or a driver, as written.

use std::{borrow::Cow, collections::BTreeMap, path::Path};

use serde::Deserialize;

use super::{own_limits::OwnLimitsEntry, tcp::TcpEntry, units::Setting};

/// A plugin, its settings and grants: the keys that stages and drivers have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PluginEntry<'a> {
    pub(crate) plugin: &'a str,
    pub(crate) name: Option<&'a str>,
    /// The name in references, if it is a driver.
    pub(crate) driver: Option<&'a str>,
    pub(crate) digest: Option<&'a str>,
    /// Names of the keys that may sign it.
    pub(crate) trusted: &'a [String],
    /// Name that it is signed under.
    pub(crate) signed_as: Option<&'a str>,
    pub(crate) reuse: ReuseWord,
    pub(crate) settings: &'a BTreeMap<String, Setting>,
    pub(crate) grants: &'a GrantsEntry,
    pub(crate) limits: &'a OwnLimitsEntry,
}

impl<'a> PluginEntry<'a> {
    /// Returns the origin of the plugin (`bundled`, `file`, `oci` or `native`) and its name there.
    pub(crate) fn origin(&self) -> (&'a str, &'a str) {
        self.plugin.split_once(':').unwrap_or(("", self.plugin))
    }

    /// Returns the stage or the driver, as errors name it.
    pub(crate) fn part(&self) -> String {
        match self.driver {
            Some(name) => format!("driver `{name}`"),
            None => format!("stage `{}`", self.stage_name()),
        }
    }

    /// Returns the name of a stage of this plugin.
    pub(crate) fn stage_name(&self) -> Cow<'a, str> {
        self.name.map_or_else(|| self.plugin_name(), Cow::Borrowed)
    }

    /// Returns the plugin's own name.
    pub(crate) fn plugin_name(&self) -> Cow<'a, str> {
        match self.origin() {
            ("file", path) => Path::new(path).file_stem().unwrap_or_default().to_string_lossy(),
            // The repository's last part, without tag and digest.
            ("oci", reference) => {
                let path = reference.split('@').next().unwrap_or_default();
                let last = path.rsplit('/').next().unwrap_or_default();
                Cow::Borrowed(last.split(':').next().unwrap_or_default())
            }
            (_, name) => Cow::Borrowed(name),
        }
    }
}

/// `reuse` of a stage or a driver.
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
    pub(crate) services: Vec<String>,
    pub(crate) secrets: Vec<String>,
    pub(crate) tcp: Vec<TcpEntry>,
    pub(crate) log: bool,
}
