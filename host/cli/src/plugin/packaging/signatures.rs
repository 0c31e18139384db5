//! Signatures of a plugin's file: in it, and beside it.

use std::path::Path;

use cloakroom::signature::{SignatureSet, SignedComponent};

use super::files::{beside, read};
use crate::failure::Failure;

/// Reads the signatures in `FILE.sig`, if it is there.
pub(super) fn read_beside(file: &Path) -> Result<Option<SignatureSet>, Failure> {
    let path = beside(file);
    if !path.exists() {
        return Ok(None);
    }
    Ok(Some(SignatureSet::from_text(&read(&path, 64 << 10)?)?))
}

/// Returns all signatures with the places that they are in.
pub(super) fn all(
    component: &SignedComponent<'_>,
    beside: Option<SignatureSet>,
    manifest: Option<&str>,
) -> Result<Vec<(&'static str, SignatureSet)>, Failure> {
    let mut sets = Vec::new();
    sets.extend(component.signatures().cloned().map(|set| ("in the file", set)));
    sets.extend(beside.map(|set| ("beside the file", set)));
    if let Some(text) = manifest {
        sets.push(("in the manifest", SignatureSet::from_text(text.as_bytes())?));
    }
    Ok(sets)
}
