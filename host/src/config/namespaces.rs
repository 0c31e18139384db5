//! `[namespace.NAME]`, as written.

use std::collections::BTreeSet;

use cloakroom_pipeline::Mode;
use serde::Deserialize;

use super::namespace_storage::NamespaceStorageEntry;

/// `[namespace.NAME]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NamespaceEntry {
    pub(crate) mode: ModeWord,
    pub(crate) shares: BTreeSet<String>,
    pub(crate) plain: Vec<PlainEntry>,
    /// Ring in place of the one that stages name.
    pub(crate) ring: Option<String>,
    /// Rings that only decrypt.
    pub(crate) old_rings: Vec<String>,
    pub(crate) storage: NamespaceStorageEntry,
}

/// Use of the pipeline in a namespace.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ModeWord {
    #[default]
    On,
    Decode,
    Off,
}

/// `[[namespace.NAME.plain]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlainEntry {
    pub(crate) workflow_type: Option<String>,
    pub(crate) task_queue: Option<String>,
}

impl ModeWord {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Decode => "decode",
            Self::Off => "off",
        }
    }

    pub(super) fn mode(self) -> Mode {
        match self {
            Self::On => Mode::On,
            Self::Decode => Mode::Decode,
            Self::Off => Mode::Off,
        }
    }
}
