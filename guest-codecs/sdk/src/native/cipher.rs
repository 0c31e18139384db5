//! A toy cipher for tests: it has the layout and the refusals of the host's, and no security.

use sha2::{Digest as _, Sha256};

use crate::Error;

const TAG: usize = 16;

/// Layout of sealed bytes.
#[derive(Clone, Copy)]
pub(crate) enum Layout {
    AesGcm,
    Seal,
}

impl Layout {
    fn tag(self) -> &'static [u8] {
        match self {
            Self::AesGcm => b"tag of AES-GCM",
            Self::Seal => b"tag",
        }
    }
}

/// Hashes the parts, each behind its length.
pub(crate) fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Encrypts behind `head`, which the tag authenticates as it does the layout: bytes of one do not open as the
/// other.
pub(crate) fn seal(
    layout: Layout,
    key: &[u8],
    head: &[u8],
    plaintext: &[u8],
    associated: &[u8],
) -> Vec<u8> {
    let mut sealed = head.to_vec();
    sealed.extend(plaintext);
    apply_keystream(key, head, sealed.get_mut(head.len()..).unwrap_or_default());
    let tag = hash(&[layout.tag(), key, associated, &sealed]);
    sealed.extend(tag.iter().take(TAG));
    sealed
}

/// Decrypts what [`seal`] wrote behind a head of `head` bytes.
pub(crate) fn open(
    layout: Layout,
    key: &[u8],
    head: usize,
    sealed: &[u8],
    associated: &[u8],
) -> Result<Vec<u8>, Error> {
    let parts = sealed.len().checked_sub(TAG).map(|tag| sealed.split_at(tag));
    let (body, tag) = parts.filter(|(body, _)| body.len() >= head).ok_or_else(mismatch)?;
    if !hash(&[layout.tag(), key, associated, body]).starts_with(tag) {
        return Err(mismatch());
    }
    let (head, ciphertext) = body.split_at(head);
    let mut plaintext = ciphertext.to_vec();
    apply_keystream(key, head, &mut plaintext);
    Ok(plaintext)
}

fn apply_keystream(key: &[u8], head: &[u8], bytes: &mut [u8]) {
    for (index, block) in bytes.chunks_mut(32).enumerate() {
        let stream = hash(&[b"stream", key, head, &index.to_be_bytes()]);
        block.iter_mut().zip(stream).for_each(|(byte, mask)| *byte ^= mask);
    }
}

/// Returns the error of bytes that a key did not seal.
pub(crate) fn mismatch() -> Error {
    Error::malformed("sealed under another key, for another purpose, or changed since")
}
