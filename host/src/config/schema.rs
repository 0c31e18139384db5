//! The configuration as written.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

use super::units::{Setting, Size, Span};

/// A whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) stage: Vec<Stage>,
    pub(crate) keys: BTreeMap<String, Ring>,
    pub(crate) limits: Limits,
    pub(crate) cache: Cache,
}

/// `[[stage]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stage {
    pub(crate) plugin: String,
    pub(crate) name: Option<String>,
    pub(crate) digest: Option<String>,
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default)]
    pub(crate) reuse: Reuse,
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, Setting>,
    #[serde(default)]
    pub(crate) grants: Grants,
}

/// How instances live.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reuse {
    #[default]
    Fresh,
    Warm,
}

/// `grants` of a stage.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Grants {
    pub(crate) keys: Vec<String>,
    pub(crate) subkeys: Vec<String>,
    pub(crate) tcp: Vec<std::net::SocketAddr>,
    pub(crate) log: bool,
}

/// `[keys.NAME]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ring {
    pub(crate) current: String,
    pub(crate) material: BTreeMap<String, KeySource>,
}

/// Where one key is kept: never in the file itself.
#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table such as { env = \"NAME\" } or { file = \"PATH\" }: keys are never written into this file"
)]
pub(crate) struct KeySource {
    pub(crate) env: Option<String>,
    pub(crate) file: Option<PathBuf>,
}

/// `[limits]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) memory: Option<Size>,
    pub(crate) time: Option<Span>,
    pub(crate) output: Option<Size>,
    pub(crate) handles: Option<std::num::NonZeroUsize>,
    pub(crate) log: Option<Size>,
    pub(crate) instances: Option<std::num::NonZeroUsize>,
    pub(crate) component: Option<Size>,
    pub(crate) payload: Option<Size>,
}

/// `[cache]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cache {
    pub(crate) folder: Option<PathBuf>,
}

impl Limits {
    /// What plugins are bounded by.
    pub(crate) fn plugin(&self) -> cloakroom_plugin::Limits {
        let default = cloakroom_plugin::Limits::default();
        let size = |size: &Option<Size>, default| size.as_ref().map_or(default, |size| size.0);
        cloakroom_plugin::Limits {
            memory: size(&self.memory, default.memory),
            time: self.time.as_ref().map_or(default.time, |span| span.0),
            output: size(&self.output, default.output),
            handles: self.handles.unwrap_or(default.handles),
            log: size(&self.log, default.log),
            instances: self.instances.unwrap_or(default.instances),
            component: size(&self.component, default.component),
        }
    }
}
