//! Callers that may connect to the gateway, and its credentials for Temporal, as written.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

use super::secret::Secret;

/// `[[gateway.temporal.identity]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "gateway"), expect(dead_code, reason = "read by the gateway alone"))]
pub(crate) struct IdentityEntry {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) san: Vec<String>,
    pub(crate) common_name: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) token: Option<Secret>,
    pub(crate) namespaces: Vec<String>,
    /// False if answers to it pass as they are. Default: true.
    pub(crate) decode: Option<bool>,
    /// True if it may make calls that administer the server.
    #[serde(default)]
    pub(crate) admin: bool,
    /// True if it shows payloads to people.
    #[serde(default)]
    pub(crate) reads: bool,
}

/// `tls = { … }`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallerTlsEntry {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) client_ca: Option<PathBuf>,
}

/// `upstream_tls = { … }`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UpstreamTlsEntry {
    pub(crate) ca: Option<PathBuf>,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    pub(crate) server_name: Option<String>,
}

impl CallerTlsEntry {
    /// Returns the files that it names.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.certificate, &self.key].into_iter().chain(&self.client_ca)
    }
}

impl UpstreamTlsEntry {
    /// Returns the files that it names.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.ca.iter().chain(&self.certificate).chain(&self.key)
    }
}

/// Secrets by namespace.
pub(crate) type NamespaceSecrets = BTreeMap<String, Secret>;
