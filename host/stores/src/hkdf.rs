//! HKDF and HMAC with SHA-256.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::KeyMaterial;

/// Size of a SHA-256 hash in bytes.
pub(crate) const HASH: usize = 32;

/// Returns the pseudorandom key of HKDF-Extract (RFC 5869), as the HMAC key that Expand uses.
///
/// The label is the salt. It separates the purposes of one key: the outputs for different labels
/// are independent, so a leak of one reveals nothing of another.
pub(crate) fn extract(label: &str, material: &KeyMaterial) -> hmac::Key {
    let salt = hmac::Key::new(hmac::HMAC_SHA256, label.as_bytes());
    let mut prk = Zeroizing::new([0; HASH]);
    prk.copy_from_slice(hmac::sign(&salt, material.bytes()).as_ref());
    hmac::Key::new(hmac::HMAC_SHA256, prk.as_slice())
}

/// Returns an HMAC key that is expanded for `info`.
pub(crate) fn hmac_key(prk: &hmac::Key, info: &[&[u8]]) -> hmac::Key {
    let mut key = Zeroizing::new([0; HASH]);
    expand(prk, info, key.as_mut_slice());
    hmac::Key::new(hmac::HMAC_SHA256, key.as_slice())
}

/// Returns the HMAC of a message.
pub(crate) fn mac(key: &hmac::Key, message: &[u8]) -> [u8; HASH] {
    let mut mac = [0; HASH];
    mac.copy_from_slice(hmac::sign(key, message).as_ref());
    mac
}

/// Fills `out` by HKDF-Expand (RFC 5869). `out` must have at most 255 blocks of 32 bytes.
pub(crate) fn expand(prk: &hmac::Key, info: &[&[u8]], out: &mut [u8]) {
    // Intermediate blocks are key material: they are zeroised like the key itself.
    let mut block = Zeroizing::new([0; HASH]);
    for (index, chunk) in out.chunks_mut(HASH).enumerate() {
        let mut context = hmac::Context::with_key(prk);
        if index != 0 {
            context.update(block.as_slice());
        }
        for part in info {
            context.update(part);
        }
        // RFC 5869 counts blocks from 1 in one byte, hence the bound of 255 blocks.
        context.update(&[index as u8 + 1]);
        block.copy_from_slice(context.sign().as_ref());
        let (head, _) = block.split_at(chunk.len());
        chunk.copy_from_slice(head);
    }
}
