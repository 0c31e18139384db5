//! `[services]`, as written.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{secret::Secret, units::Span};

/// `[services.NAME]`: its URL, what the host adds to requests, and whom it trusts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "http"), expect(dead_code, reason = "read by the HTTP client alone"))]
pub(crate) struct ServiceEntry {
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, HeaderEntry>,
    pub(crate) ca: Option<Secret>,
    pub(crate) certificate: Option<Secret>,
    pub(crate) key: Option<Secret>,
    pub(crate) timeout: Option<Span>,
}

/// Header that the host adds: written in the file, or the place of a secret.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a text, or a table such as { env = \"NAME\", prefix = \"Bearer \" } or { file = \"PATH\" }"
)]
#[cfg_attr(not(feature = "http"), expect(dead_code, reason = "read by the HTTP client alone"))]
pub(crate) enum HeaderEntry {
    Open(String),
    Kept(SecretHeader),
}

/// Place of a header's secret, and the text before it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretHeader {
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "read by the HTTP client alone"))]
    env: Option<String>,
    file: Option<PathBuf>,
    #[serde(default)]
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "read by the HTTP client alone"))]
    pub(crate) prefix: String,
}

impl SecretHeader {
    #[cfg(feature = "http")]
    pub(crate) fn secret(&self) -> Secret {
        Secret { env: self.env.clone(), file: self.file.clone() }
    }
}

impl ServiceEntry {
    /// Returns the files that it names.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        let headers = self.headers.values().filter_map(|header| match header {
            HeaderEntry::Open(_) => None,
            HeaderEntry::Kept(kept) => kept.file.as_deref(),
        });
        let others = [&self.ca, &self.certificate, &self.key].into_iter().flatten();
        headers.chain(others.filter_map(|secret| secret.file.as_deref()))
    }
}
