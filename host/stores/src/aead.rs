//! AES-256-GCM behind a head: where the bytes lie, and how often they are copied.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use bytes::{Bytes, BytesMut};
use cloakroom_core::KeyError;

/// What is added behind the ciphertext.
pub(crate) const TAG: usize = 16;

pub(crate) fn aes(key: &[u8]) -> Result<LessSafeKey, KeyError> {
    let unbound = UnboundKey::new(&AES_256_GCM, key).map_err(|_| KeyError::Refused)?;
    Ok(LessSafeKey::new(unbound))
}

/// Copies the parts once, behind `head`, and encrypts them where they lie.
pub(crate) fn seal_behind(
    head: &[u8],
    key: &LessSafeKey,
    nonce: [u8; NONCE_LEN],
    parts: &[Bytes],
    associated: &[u8],
) -> Result<Bytes, KeyError> {
    let plaintext: usize = parts.iter().map(Bytes::len).sum();
    let mut out = BytesMut::with_capacity(head.len() + plaintext + TAG);
    out.extend_from_slice(head);
    for part in parts {
        out.extend_from_slice(part);
    }
    let (_, body) = out.split_at_mut(head.len());
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(associated), body)
        .map_err(|_| KeyError::Refused)?;
    out.extend_from_slice(tag.as_ref());
    Ok(out.freeze())
}

/// Decrypts what follows the first `head` bytes: where it lies if nobody else holds it, and in one
/// pass to another place if somebody does.
pub(crate) fn open_behind(
    head: usize,
    key: &LessSafeKey,
    nonce: [u8; NONCE_LEN],
    sealed: Bytes,
    associated: &[u8],
) -> Result<Bytes, KeyError> {
    let length = sealed.len().checked_sub(head + TAG).ok_or(KeyError::Mismatch)?;
    let (nonce, associated) = (Nonce::assume_unique_for_key(nonce), Aad::from(associated));
    let opened = match sealed.try_into_mut() {
        Ok(mut owned) => {
            let mut body = owned.split_off(head);
            key.open_in_place(nonce, associated, &mut body).map_err(|_| KeyError::Mismatch)?;
            body.truncate(length);
            body
        }
        Err(shared) => {
            let (_, body) = shared.split_at(head);
            let (ciphertext, tag) = body.split_at(length);
            let mut plaintext = BytesMut::zeroed(length);
            key.open_separate_gather(nonce, associated, ciphertext, tag, &mut plaintext)
                .map_err(|_| KeyError::Mismatch)?;
            plaintext
        }
    };
    Ok(opened.freeze())
}
