//! AES-256-GCM with a prefix before the ciphertext, in as few copies as possible.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use bytes::{Bytes, BytesMut};
use cloakroom_core::KeyError;

/// Length of the tag after the ciphertext.
pub(crate) const TAG: usize = 16;

/// Returns an AES-256-GCM key.
///
/// `LessSafeKey` takes the nonce from its caller. Each caller says why its nonces never repeat.
pub(crate) fn aes_key(key: &[u8]) -> Result<LessSafeKey, KeyError> {
    let unbound = UnboundKey::new(&AES_256_GCM, key).map_err(|_| KeyError::Refused)?;
    Ok(LessSafeKey::new(unbound))
}

/// Returns `prefix`, the encrypted parts, and the tag. The last part, which holds nearly all bytes of a
/// payload, is encrypted from where it is into the result. The parts before it are copied first.
pub(crate) fn seal_after_prefix(
    prefix: &[u8],
    key: &LessSafeKey,
    nonce: [u8; NONCE_LEN],
    parts: &[Bytes],
    associated: &[u8],
) -> Result<Bytes, KeyError> {
    let (last, copied) =
        parts.split_last().map_or((&[][..], parts), |(last, copied)| (&**last, copied));
    let copied_len: usize = copied.iter().map(Bytes::len).sum();
    let mut out = BytesMut::zeroed(prefix.len() + copied_len + last.len() + TAG);
    let (head, sealed) = out.split_at_mut(prefix.len());
    head.copy_from_slice(prefix);
    let (start, end) = sealed.split_at_mut(copied_len);
    let mut rest = &mut *start;
    for part in copied {
        let (place, after) = rest.split_at_mut(part.len());
        place.copy_from_slice(part);
        rest = after;
    }
    let nonce = Nonce::assume_unique_for_key(nonce);
    key.seal_in_place_scatter(nonce, Aad::from(associated), start, last, end)
        .map_err(|_| KeyError::Refused)?;
    Ok(out.freeze())
}

/// Decrypts what follows the first `prefix` bytes.
///
/// Decrypts in place if the caller holds the only reference, and otherwise in one pass into a new
/// buffer. Two passes, a copy and then a decryption, would take memory bandwidth twice.
pub(crate) fn open_after_prefix(
    prefix: usize,
    key: &LessSafeKey,
    nonce: [u8; NONCE_LEN],
    sealed: Bytes,
    associated: &[u8],
) -> Result<Bytes, KeyError> {
    let length = sealed.len().checked_sub(prefix + TAG).ok_or(KeyError::Mismatch)?;
    let (nonce, associated) = (Nonce::assume_unique_for_key(nonce), Aad::from(associated));
    let opened = match sealed.try_into_mut() {
        Ok(mut owned) => {
            let mut body = owned.split_off(prefix);
            key.open_in_place(nonce, associated, &mut body).map_err(|_| KeyError::Mismatch)?;
            body.truncate(length);
            body
        }
        Err(shared) => {
            let (_, body) = shared.split_at(prefix);
            let (ciphertext, tag) = body.split_at(length);
            let mut plaintext = BytesMut::zeroed(length);
            key.open_separate_gather(nonce, associated, ciphertext, tag, &mut plaintext)
                .map_err(|_| KeyError::Mismatch)?;
            plaintext
        }
    };
    Ok(opened.freeze())
}
