//! Key of an object in the cache.

use aws_lc_rs::digest;

use crate::reference::Reference;

/// Digest of a driver's identity and name and of a whole claim.
///
/// The object's own digest is in the claim, but it alone would not do: a forged claim with the digest of
/// a cached object would get the object without the driver and its grants having a say.
pub(crate) type CacheKey = [u8; 32];

/// Returns the key of a reference's object, whose driver has this identity.
pub(crate) fn cache_key(identity: &str, reference: &Reference) -> CacheKey {
    let mut context = digest::Context::new(&digest::SHA256);
    let entries = reference.claim.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    for text in [identity, &*reference.driver].into_iter().chain(entries) {
        // Each text follows its length, so that no two claims have the same key.
        context.update(&(text.len() as u64).to_be_bytes());
        context.update(text.as_bytes());
    }
    let mut key = [0; 32];
    key.copy_from_slice(context.finish().as_ref());
    key
}
