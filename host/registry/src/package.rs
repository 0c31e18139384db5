//! A component with the manifest and the config that it is pushed with.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::json;

use crate::{
    digest::Digest,
    manifest::{
        CONFIG_TYPE, Descriptor, LAYER_TYPE, MANIFEST_TYPE, RawManifest, SIGNATURE_ANNOTATION,
    },
    signature::set::SignatureSet,
};

/// Annotations of name and version, as all OCI tools show them.
pub(crate) const TITLE: &str = "org.opencontainers.image.title";
pub(crate) const VERSION: &str = "org.opencontainers.image.version";

/// Component, ready to push. The same component gives the same manifest, and so the same digest.
#[derive(Clone, Debug)]
pub struct Package {
    component: Bytes,
    config: Bytes,
    annotations: BTreeMap<String, String>,
}

impl Package {
    /// Packages a component with these imports and exports.
    #[must_use]
    pub fn new(component: Bytes, imports: &[String], exports: &[String]) -> Self {
        let config = json!({
            // `wkg` asks for a time. A real one would give each push another digest.
            "created": "1970-01-01T00:00:00Z",
            "author": null,
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [Digest::sha256(&component).to_string()],
            "component": { "exports": exports, "imports": imports, "target": null },
        });
        Self { component, config: config.to_string().into(), annotations: BTreeMap::new() }
    }

    /// Adds name and version as annotations.
    #[must_use]
    pub fn with_version(mut self, name: &str, version: &str) -> Self {
        self.annotations.insert(TITLE.to_owned(), name.to_owned());
        self.annotations.insert(VERSION.to_owned(), version.to_owned());
        self
    }

    /// Adds signatures that are not part of the component.
    #[must_use]
    pub fn with_signatures(mut self, signatures: &SignatureSet) -> Self {
        self.annotations.insert(SIGNATURE_ANNOTATION.to_owned(), signatures.to_text());
        self
    }

    /// Returns the component.
    #[must_use]
    pub fn component(&self) -> &Bytes {
        &self.component
    }

    /// Returns the config.
    #[must_use]
    pub fn config(&self) -> &Bytes {
        &self.config
    }

    /// Returns the manifest.
    #[must_use]
    pub fn manifest(&self) -> Bytes {
        let descriptor = |media_type: &str, bytes: &Bytes| Descriptor {
            media_type: media_type.to_owned(),
            digest: Digest::sha256(bytes).to_string(),
            size: bytes.len() as u64,
        };
        let manifest = RawManifest {
            schema_version: 2,
            media_type: Some(MANIFEST_TYPE.to_owned()),
            config: descriptor(CONFIG_TYPE, &self.config),
            layers: vec![descriptor(LAYER_TYPE, &self.component)],
            annotations: Some(self.annotations.clone()).filter(|all| !all.is_empty()),
        };
        json!(manifest).to_string().into()
    }
}
