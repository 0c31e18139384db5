//! HKDF and HMAC with SHA-256, for keys that are derived from a ring's material.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::Material;

/// The size of a hash.
pub(crate) const HASH: usize = 32;

/// HKDF-Extract (RFC 5869), kept as the key that Expand uses each time.
pub(crate) fn extract(label: &str, material: &Material) -> hmac::Key {
    let salt = hmac::Key::new(hmac::HMAC_SHA256, label.as_bytes());
    let mut prk = Zeroizing::new([0; HASH]);
    prk.copy_from_slice(hmac::sign(&salt, material.bytes()).as_ref());
    hmac::Key::new(hmac::HMAC_SHA256, prk.as_slice())
}

/// Returns an HMAC key that Expand gives for `info`.
pub(crate) fn hmac_key(prk: &hmac::Key, info: &[&[u8]]) -> hmac::Key {
    let mut key = Zeroizing::new([0; HASH]);
    expand(prk, info, key.as_mut_slice());
    hmac::Key::new(hmac::HMAC_SHA256, key.as_slice())
}

pub(crate) fn mac(key: &hmac::Key, message: &[u8]) -> [u8; HASH] {
    let mut mac = [0; HASH];
    mac.copy_from_slice(hmac::sign(key, message).as_ref());
    mac
}

/// HKDF-Expand (RFC 5869) for at most 255 blocks.
pub(crate) fn expand(prk: &hmac::Key, info: &[&[u8]], out: &mut [u8]) {
    let mut block = Zeroizing::new([0; HASH]);
    for (index, chunk) in out.chunks_mut(HASH).enumerate() {
        let mut context = hmac::Context::with_key(prk);
        if index != 0 {
            context.update(block.as_slice());
        }
        for part in info {
            context.update(part);
        }
        context.update(&[index as u8 + 1]);
        block.copy_from_slice(context.sign().as_ref());
        let (taken, _) = block.split_at(chunk.len());
        chunk.copy_from_slice(taken);
    }
}
