//! `[buckets]`, as written.

use std::collections::BTreeMap;

use cloakroom_plugin::{BucketAccess, RefreshFailure};
use serde::Deserialize;

use super::{
    secret::Secret,
    units::{Setting, Span},
};

/// `[buckets.NAME]`: its URL, the access that is granted, and the settings of its store.
#[derive(Debug, Deserialize)]
pub(crate) struct BucketEntry {
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) prefix: String,
    #[serde(default)]
    pub(crate) read_only: bool,
    /// Uses of its objects that plugins are granted; reading and writing by default.
    pub(crate) allow: Option<Vec<UseWord>>,
    pub(crate) patience: Option<Span>,
    refresh_after: Option<Span>,
    #[serde(default)]
    refresh_failure: RefreshFailureWord,
    // Settings of the store have its own names, so serde cannot refuse unknown ones. `buckets.rs`
    // does, by what the store takes.
    #[serde(flatten)]
    pub(crate) settings: BTreeMap<String, SettingValue>,
}

/// Setting of a store: written in the file, or the place of a secret.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a text, a number, true or false, or a table such as { env = \"NAME\" } or { file = \"PATH\" }"
)]
pub(crate) enum SettingValue {
    Open(Setting),
    Kept(Secret),
}

impl SettingValue {
    /// Returns what is written in the open.
    pub(crate) fn open(&self) -> Option<&str> {
        match self {
            Self::Open(value) => Some(&value.0),
            Self::Kept(_) => None,
        }
    }
}

/// `refresh_failure` of a bucket
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RefreshFailureWord {
    #[default]
    Fail,
    Warn,
}

/// `allow` of a bucket
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UseWord {
    Read,
    Write,
    Overwrite,
    Remove,
    List,
}

impl BucketEntry {
    /// Keys of the table that are not settings of its store.
    pub(crate) const OURS: [&str; 7] =
        ["url", "prefix", "read_only", "allow", "patience", "refresh_after", "refresh_failure"];

    /// Returns whether plugins may write to it.
    pub(crate) fn is_writable(&self) -> bool {
        let writes = |uses: &Vec<UseWord>| uses.contains(&UseWord::Write);
        !self.read_only && self.allow.as_ref().is_none_or(writes)
    }

    /// Returns whether `read_only` and `allow` contradict each other.
    pub(crate) fn contradicts_itself(&self) -> bool {
        let changes = |uses: &Vec<UseWord>| {
            uses.iter().any(|word| !matches!(word, UseWord::Read | UseWord::List))
        };
        self.read_only && self.allow.as_ref().is_some_and(changes)
    }

    /// Returns the access that a grant of this bucket gives.
    pub(crate) fn access(&self) -> BucketAccess {
        let mut access = BucketAccess::whole().with_prefix(&self.prefix);
        if !self.is_writable() {
            access = access.read_only();
        }
        for word in self.allow.iter().flatten() {
            access = match word {
                UseWord::Read | UseWord::Write => access,
                UseWord::Overwrite => access.with_overwriting(),
                UseWord::Remove => access.with_removing(),
                UseWord::List => access.with_listing(),
            };
        }
        if self.allow.as_ref().is_some_and(|uses| !uses.contains(&UseWord::Read)) {
            access = access.without_reading();
        }
        if let Some(age) = &self.refresh_after {
            access = access.with_refresh_after(age.0);
        }
        access.with_refresh_failure(match self.refresh_failure {
            RefreshFailureWord::Fail => RefreshFailure::Fail,
            RefreshFailureWord::Warn => RefreshFailure::Warn,
        })
    }

    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.settings.values().filter_map(|value| match value {
            SettingValue::Open(_) => None,
            SettingValue::Kept(secret) => Some(secret),
        })
    }
}
