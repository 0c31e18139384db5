//! Signed files, texts of signatures, manifests and references of strangers.

use cloakroom::{
    ByteSize,
    signature::{Manifest, Reference, SignatureSet, SignedComponent},
};

/// Each accepted input has one form: written again, it has the same bytes.
pub(crate) fn signature(data: &[u8]) {
    if let Ok(file) = SignedComponent::split(data) {
        match file.signatures() {
            Some(set) => assert_eq!(file.with_signatures(set), data, "a second form of a file"),
            None => assert_eq!(file.component(), data),
        }
    }
    if let Ok(set) = SignatureSet::from_text(data) {
        assert_eq!(set.to_text().as_bytes(), data.trim_ascii(), "a second form of signatures");
    }
    let largest = ByteSize::kib(4);
    if let Ok(manifest) = Manifest::from_bytes(data, largest) {
        assert!(manifest.size() <= largest.get());
    }
    let text = String::from_utf8_lossy(data);
    if let Ok(reference) = text.parse::<Reference>() {
        let path = reference.repository();
        assert!(!path.contains("..") && !path.contains(['?', '#', '%', '@', '\\']), "{path}");
        assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference);
    }
}
