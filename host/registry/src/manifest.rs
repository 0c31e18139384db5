//! Manifests of plugins: the layout of WebAssembly in OCI registries.
//!
//! One layer, which is the component, and a config that describes it. `wkg` writes and reads the same.

use std::collections::BTreeMap;

use cloakroom_core::{ByteSize, Error, ErrorKind, Remedy, Thousands, clean};
use serde::{Deserialize, Serialize};

use crate::{digest::Digest, remedy::method};

/// Media type of a manifest.
pub(crate) const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

/// Media type of the layer.
pub(crate) const LAYER_TYPE: &str = "application/wasm";

/// Media type of the config.
pub(crate) const CONFIG_TYPE: &str = "application/vnd.wasm.config.v0+json";

/// Annotation with the signatures of the component that are not part of its file.
pub const SIGNATURE_ANNOTATION: &str = "dev.cloakroom.signature";

/// Most bytes of a manifest. One of a plugin has some 600, and up to 90,000 with many signatures.
pub(crate) const MAX_MANIFEST: usize = 256 << 10;

/// Manifest of a plugin, which was checked.
#[derive(Clone, Debug)]
pub struct Manifest {
    layer: Digest,
    size: u64,
    annotations: BTreeMap<String, String>,
}

/// Manifest as it is written.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawManifest {
    pub(crate) schema_version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) media_type: Option<String>,
    pub(crate) config: Descriptor,
    pub(crate) layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) annotations: Option<BTreeMap<String, String>>,
}

/// Media type, digest and size of a blob.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
}

impl Manifest {
    /// Reads a manifest, and checks that it is one of a plugin of at most `largest` bytes.
    ///
    /// # Errors
    /// `PluginRejected` if it is not.
    pub fn from_bytes(bytes: &[u8], largest: ByteSize) -> Result<Self, Error> {
        if bytes.len() > MAX_MANIFEST {
            return Err(rejected(format!(
                "the manifest has {} bytes, and one of a plugin has at most {}",
                Thousands(bytes.len() as u64),
                Thousands(MAX_MANIFEST as u64)
            )));
        }
        let raw: RawManifest = serde_json::from_slice(bytes).map_err(|error| {
            // An index has no `layers`, so it ends here.
            let text = "the manifest is not one of a plugin, or is one of several platforms: push a \
                        component alone";
            rejected(text).with_source(clean(&error.to_string(), 200))
        })?;
        raw.check(largest)
    }

    /// Returns the digest of the component.
    #[must_use]
    pub fn layer(&self) -> Digest {
        self.layer
    }

    /// Returns the size of the component in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns an annotation.
    #[must_use]
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.get(name).map(String::as_str)
    }
}

impl RawManifest {
    fn check(self, largest: ByteSize) -> Result<Manifest, Error> {
        if self.schema_version != 2
            || self.media_type.as_deref().is_some_and(|found| found != MANIFEST_TYPE)
        {
            return Err(rejected("the manifest has another version or media type than a plugin's"));
        }
        if self.config.media_type != CONFIG_TYPE {
            return Err(rejected(format!(
                "the manifest is of `{}`, and a plugin's config is `{CONFIG_TYPE}`: is it a container \
                 image?",
                clean(&self.config.media_type, 128)
            )));
        }
        // Several layers could be two components, of which each reader takes another one.
        let count = self.layers.len();
        let Ok([layer]) = <[Descriptor; 1]>::try_from(self.layers) else {
            return Err(rejected(format!("the manifest has {count} layers, and a plugin has one")));
        };
        if layer.media_type != LAYER_TYPE {
            return Err(rejected(format!(
                "the layer is `{}`, and a plugin's is `{LAYER_TYPE}`",
                clean(&layer.media_type, 128)
            )));
        }
        // It becomes a file's name and a part of a URL.
        let digest = layer.digest.parse().map_err(|_| {
            rejected("the manifest names its layer by something else than a SHA-256")
        })?;
        if layer.size > largest.get() {
            let text = format!(
                "the component has {} bytes, and a plugin has at most {largest}",
                Thousands(layer.size)
            );
            let error = rejected(text).with_remedies(&[Remedy::ComponentSize]);
            return Err(error.name_remedies(method));
        }
        let annotations = self.annotations.unwrap_or_default();
        Ok(Manifest { layer: digest, size: layer.size, annotations })
    }
}

fn rejected(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::PluginRejected, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(change: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
        let digest = format!("sha256:{}", "0".repeat(64));
        let mut manifest = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": { "mediaType": CONFIG_TYPE, "digest": digest, "size": 2 },
            "layers": [{ "mediaType": LAYER_TYPE, "digest": digest, "size": 100 }],
        });
        change(&mut manifest);
        manifest.to_string().into_bytes()
    }

    #[track_caller]
    fn refused(bytes: &[u8], says: &str) {
        let error = Manifest::from_bytes(bytes, ByteSize::bytes(100)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PluginRejected);
        assert!(error.to_string().contains(says), "{error}");
    }

    #[test]
    fn takes_one_layer_of_wasm() {
        let taken = Manifest::from_bytes(&manifest(|_| {}), ByteSize::bytes(100)).unwrap();
        assert_eq!(taken.size(), 100);
        // `mediaType` is optional in OCI, and other fields may follow.
        let bytes = manifest(|m| {
            m.as_object_mut().unwrap().remove("mediaType");
            m["artifactType"] = "x".into();
        });
        assert!(Manifest::from_bytes(&bytes, ByteSize::bytes(100)).is_ok());
    }

    #[test]
    fn refuses_everything_else() {
        refused(b"{", "not one of a plugin");
        refused(br#"{"schemaVersion":2,"manifests":[]}"#, "several platforms");
        refused(&vec![b' '; MAX_MANIFEST + 1], "262,145 bytes");
        refused(&manifest(|m| m["schemaVersion"] = 1.into()), "another version");
        refused(&manifest(|m| m["mediaType"] = "x".into()), "another version or media type");
        refused(&manifest(|m| m["config"]["mediaType"] = "x/y".into()), "`x/y`");
        refused(&manifest(|m| m["layers"] = serde_json::json!([])), "0 layers");
        let two = |m: &mut serde_json::Value| {
            let layer = m["layers"][0].clone();
            m["layers"].as_array_mut().unwrap().push(layer);
        };
        refused(&manifest(two), "2 layers");
        refused(&manifest(|m| m["layers"][0]["mediaType"] = "x/z".into()), "`x/z`");
        refused(
            &manifest(|m| m["layers"][0]["digest"] = "sha512:00".into()),
            "something else than a SHA-256",
        );
        refused(
            &manifest(|m| m["layers"][0]["digest"] = "sha256:../..".into()),
            "something else than a SHA-256",
        );
        refused(&manifest(|m| m["layers"][0]["size"] = 101.into()), "101 bytes");
        refused(&manifest(|m| m["layers"][0]["size"] = (-1).into()), "not one of a plugin");
    }
}
