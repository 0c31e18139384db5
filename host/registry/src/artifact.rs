//! A plugin as a registry has it: manifest and component, which were checked against each other.

use bytes::Bytes;
use cloakroom_core::{ByteSize, Error, ErrorKind, Thousands};

use crate::{
    digest::Digest,
    manifest::{Manifest, SIGNATURE_ANNOTATION},
    package::{TITLE, VERSION},
    signature::statement::Statement,
};

/// Manifest and component of a plugin, which have the digests and sizes that they should have.
#[derive(Clone, Debug)]
pub struct Artifact {
    digest: Digest,
    raw: Bytes,
    manifest: Manifest,
    component: Bytes,
}

impl Artifact {
    /// Checks a manifest that was pinned by its digest, before any of it is used.
    ///
    /// # Errors
    /// `Corrupt` if it has another digest. `PluginRejected` if it is not one of a plugin of at most
    /// `largest` bytes.
    pub(crate) fn check_manifest(
        raw: &[u8],
        pinned: Option<Digest>,
        largest: ByteSize,
    ) -> Result<(Digest, Manifest), Error> {
        let found = Digest::sha256(raw);
        if let Some(pinned) = pinned.filter(|pinned| *pinned != found) {
            let text = format!("the manifest was changed: expected {pinned}, found {found}");
            return Err(Error::new(ErrorKind::Corrupt, text));
        }
        // Parsed after it was hashed: the parser sees nothing that was not pinned, if it was.
        Ok((found, Manifest::from_bytes(raw, largest)?))
    }

    /// Puts a checked manifest and its component together.
    ///
    /// # Errors
    /// `Corrupt` if the component has another size or digest than the manifest says.
    pub(crate) fn new(
        digest: Digest,
        raw: Bytes,
        manifest: Manifest,
        component: Bytes,
    ) -> Result<Self, Error> {
        if component.len() as u64 != manifest.size() {
            let text = format!(
                "the component was changed: it has {} bytes, and its manifest says {}",
                Thousands(component.len() as u64),
                Thousands(manifest.size())
            );
            return Err(Error::new(ErrorKind::Corrupt, text));
        }
        let found = Digest::sha256(&component);
        if found != manifest.layer() {
            let expected = manifest.layer();
            let text = format!("the component was changed: expected {expected}, found {found}");
            return Err(Error::new(ErrorKind::Corrupt, text));
        }
        Ok(Self { digest, raw, manifest, component })
    }

    /// Returns the digest of the manifest, which a reference pins.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns the manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the manifest as the registry has it.
    #[must_use]
    pub fn raw_manifest(&self) -> &Bytes {
        &self.raw
    }

    /// Returns the component.
    #[must_use]
    pub fn component(&self) -> &Bytes {
        &self.component
    }

    /// Returns name and version in the manifest, if it has both and a signature could hold them. Whoever
    /// pushed the plugin wrote them, and nothing vouches for them.
    #[must_use]
    pub fn title(&self) -> Option<Statement> {
        let name = self.manifest.annotation(TITLE)?;
        Statement::new(name, self.manifest.annotation(VERSION)?).ok()
    }

    /// Returns the signatures in the manifest, if there are any.
    #[must_use]
    pub fn signatures(&self) -> Option<&str> {
        self.manifest.annotation(SIGNATURE_ANNOTATION)
    }
}
