//! Signatures in a custom section of a component.
//!
//! A signed file is the component and one more section at its end. The signed digest is the one of the
//! file without that section, so a signature can be added to a file that was built, and taken away again.
//! A file with the section elsewhere, twice, or in another form is refused: for each component and set of
//! signatures there is one file.

use cloakroom_core::{Error, ErrorKind};

use super::set::{LARGEST, SignatureSet};
use crate::digest::Digest;

/// Name of the section.
const NAME: &[u8] = b"cloakroom:signature";

/// Id of a custom section.
const CUSTOM: u8 = 0;

/// First bytes of a component: magic number, version and layer.
const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";

/// Component without its section of signatures, and these.
#[derive(Clone, Debug)]
pub struct SignedComponent<'a> {
    component: &'a [u8],
    signatures: Option<SignatureSet>,
}

impl<'a> SignedComponent<'a> {
    /// Splits a file. Sections are skipped by their sizes and not validated: the loader does that.
    ///
    /// # Errors
    /// `PluginRejected` if it is no component, ends early, or has signatures that are not one section in
    /// its one form at the end.
    pub fn split(file: &'a [u8]) -> Result<Self, Error> {
        let mut rest = file
            .strip_prefix(HEADER)
            .ok_or_else(|| rejected("is not a WebAssembly component, so it has no signatures"))?;
        let mut signatures = None;
        let mut component = file;
        while let Some((&id, after)) = rest.split_first() {
            if signatures.is_some() {
                return Err(rejected("has signatures that are not at its end: sign it again"));
            }
            let before = file.len() - rest.len();
            let (content, next) = sized(after).ok_or_else(truncated)?;
            if id == CUSTOM && is_named(content) {
                let text = signature_text(after, next, content)?;
                signatures = Some(SignatureSet::from_text(text)?);
                component = file.get(..before).unwrap_or_default();
            }
            rest = next;
        }
        Ok(Self { component, signatures })
    }

    /// Returns the bytes that are signed.
    #[must_use]
    pub fn component(&self) -> &'a [u8] {
        self.component
    }

    /// Returns the digest that a statement names.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::sha256(self.component)
    }

    /// Returns the signatures of the section.
    #[must_use]
    pub fn signatures(&self) -> Option<&SignatureSet> {
        self.signatures.as_ref()
    }

    /// Returns a file of the component with these signatures in place of its own.
    #[must_use]
    pub fn with_signatures(&self, signatures: &SignatureSet) -> Vec<u8> {
        let content = content(signatures.to_text().as_bytes());
        let mut file = self.component.to_vec();
        file.push(CUSTOM);
        write_size(&mut file, content.len());
        file.extend_from_slice(&content);
        file
    }
}

/// Returns the content of a section with this text.
fn content(text: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    write_size(&mut content, NAME.len());
    content.extend_from_slice(NAME);
    content.extend_from_slice(text);
    content
}

/// Returns the text of a section of signatures, if sizes and name are written in their shortest form.
fn signature_text<'a>(after: &[u8], next: &[u8], found: &'a [u8]) -> Result<&'a [u8], Error> {
    let start = sized(found).map_or(found.len(), |(_, text)| found.len() - text.len());
    let text = found.get(start..).unwrap_or_default();
    if text.len() > LARGEST || text.trim_ascii().len() != text.len() {
        return Err(rejected(format!(
            "has signatures of more than {LARGEST} bytes, or with spaces"
        )));
    }
    let mut shortest = Vec::new();
    write_size(&mut shortest, found.len());
    let written = after.len() - next.len() - found.len();
    if content(text) != found || written != shortest.len() {
        return Err(rejected(
            "has signatures whose sizes are written in a long form: sign it again",
        ));
    }
    Ok(text)
}

/// Returns whether a custom section has the name of the signatures.
fn is_named(content: &[u8]) -> bool {
    sized(content).is_some_and(|(name, _)| name == NAME)
}

/// Returns the bytes whose number stands before them, and the rest.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut size = 0u64;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        size |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return bytes.get(index + 1..)?.split_at_checked(usize::try_from(size).ok()?);
        }
    }
    None
}

fn write_size(bytes: &mut Vec<u8>, mut size: usize) {
    loop {
        let low = u8::try_from(size & 0x7f).unwrap_or_default();
        size >>= 7;
        if size == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn truncated() -> Error {
    rejected("is not a whole WebAssembly component: it was truncated or damaged")
}

fn rejected(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::PluginRejected, text)
}

#[cfg(test)]
mod tests;
