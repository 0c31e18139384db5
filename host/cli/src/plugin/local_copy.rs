//! Plugins of registries that were pulled: their local copies.

use std::path::Path;

use cloakroom::{
    ByteSize, ErrorKind,
    signature::{Artifact, LocalCopies, Reference},
};

use crate::{failure::Failure, open::copies_folder};

/// Most bytes of a plugin's file, which is the default of `limits.component`.
pub(crate) const COMPONENT: ByteSize = ByteSize::mib(64);

/// Returns the local copy of a pinned reference, in this folder or in the user's. No registry is asked.
///
/// # Errors
/// Usage if the reference has no digest, or there is no folder or no copy: with the command that pulls one.
pub(crate) fn read(text: &str, folder: Option<&Path>) -> Result<(Reference, Artifact), Failure> {
    let reference: Reference = text.parse()?;
    let pull = format!("`cloakroom plugin pull {reference}`");
    let Some(digest) = reference.digest() else {
        return Err(Failure::usage(format!(
            "`{reference}` has no digest, and a tag can be moved to another plugin: {pull} pulls what it \
             stands for now, and prints the reference with its digest"
        )));
    };
    let folder = folder.map(Path::to_owned).or_else(copies_folder);
    let folder = folder.ok_or_else(|| Failure::usage("no folder of local copies: use --into"))?;
    let copies = LocalCopies::new(folder);
    match copies.read(digest, COMPONENT) {
        Ok(artifact) => Ok((reference, artifact)),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Failure::usage(format!(
            "there is no local copy of `{reference}` in `{}`: run {pull} first",
            copies.folder().display()
        ))),
        Err(error) => Err(error.into()),
    }
}
