//! What the host adds to a driver's claim: the object's digest, and a proof that this pipeline wrote
//! it. Both are entries of the claim, which official readers ignore.

use std::sync::Arc;

use aws_lc_rs::hmac;
use cloakroom_core::{Claim, Error, ErrorKind, Key, KeyRing};

/// Whether claims carry a proof of who wrote them, and must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimPolicy {
    /// New claims carry a proof. One without is accepted, one with a wrong proof is refused.
    Write,
    /// New claims carry a proof, and claims without are refused.
    Require,
}

/// Writes proofs and checks them.
#[derive(Clone)]
pub(crate) struct Proofs {
    pub(crate) ring: Arc<dyn KeyRing>,
    pub(crate) policy: ClaimPolicy,
}

/// Every entry of ours starts so.
const OURS: &str = "cloakroom_";
const KEY: &str = "cloakroom_key";
const SIZE: &str = "cloakroom_size";
const MAC: &str = "cloakroom_mac";

/// What every claim says of its object. Released drivers spell it in two ways.
const ALGORITHM: [&str; 2] = ["hash_algorithm", "hashAlgorithm"];
const DIGEST: [&str; 2] = ["hash_value", "hashValue"];

/// More is no claim of a driver that behaves.
const ENTRIES: usize = 64;
const BYTES: usize = 16 << 10;

/// A driver's claim with the digest, which the driver may have written itself.
pub(crate) fn complete(mut claim: Claim, sha256: &[u8; 32]) -> Result<Claim, Error> {
    let protocol = |text: &str| Err(Error::new(ErrorKind::Protocol, text));
    let bytes: usize = claim.iter().map(|(name, value)| name.len() + value.len()).sum();
    if ENTRIES < claim.len() || BYTES < bytes {
        return protocol("gave a claim of more than 64 entries, or of more than 16 KiB");
    }
    if claim.keys().any(|name| name.starts_with(OURS)) {
        return protocol("gave a claim with an entry that starts with `cloakroom_`");
    }
    let [algorithm, digest] = [ALGORITHM, DIGEST].map(|[name, _]| name.to_owned());
    claim.entry(algorithm).or_insert_with(|| "sha256".to_owned());
    claim.entry(digest).or_insert_with(|| hex::encode(sha256));
    match self::sha256(&claim)? == *sha256 {
        true => Ok(claim),
        false => protocol("gave a claim with another digest than the object's"),
    }
}

/// The digest that a claim names. Without one nothing that comes back could be trusted.
pub(crate) fn sha256(claim: &Claim) -> Result<[u8; 32], Error> {
    let find = |names: [&str; 2]| names.into_iter().find_map(|name| claim.get(name));
    let malformed = |text: &str| Error::new(ErrorKind::Malformed, text);
    match find(ALGORITHM).map(|name| name.to_ascii_lowercase()).as_deref() {
        Some("sha256") => {}
        Some(_) => return Err(malformed("the claim's digest is not a SHA-256")),
        None => return Err(malformed("the claim has no `hash_algorithm`")),
    }
    let mut digest = [0; 32];
    let text = find(DIGEST).ok_or_else(|| malformed("the claim has no `hash_value`"))?;
    hex::decode_to_slice(text, &mut digest)
        .map_err(|_| malformed("the claim's `hash_value` is not 64 hexadecimal digits"))?;
    Ok(digest)
}

/// Returns whether an entry of a claim tells the object's digest.
pub(crate) fn is_digest(name: &str) -> bool {
    ALGORITHM.contains(&name) || DIGEST.contains(&name)
}

/// The claim as its driver wrote it.
pub(crate) fn without_ours(claim: &Claim) -> Claim {
    let theirs = claim.iter().filter(|(name, _)| !name.starts_with(OURS));
    theirs.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What a claim proves of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proven {
    /// This pipeline's keys wrote it, for an object of this size.
    Size(u64),
    /// It carries no proof.
    Nothing,
}

impl Proofs {
    /// The same claim with a proof.
    pub(crate) fn sign(&self, driver: &str, mut claim: Claim, size: usize) -> Result<Claim, Error> {
        let key = self.ring.current();
        claim.insert(KEY.to_owned(), key.id().to_owned());
        claim.insert(SIZE.to_owned(), size.to_string());
        let mac = hmac::sign(&mac_key(&*key)?, &message(driver, &claim));
        claim.insert(MAC.to_owned(), hex::encode(mac));
        Ok(claim)
    }

    /// Refuses a claim that was not written by this pipeline, or was changed since.
    pub(crate) fn check(&self, driver: &str, claim: &Claim) -> Result<Proven, Error> {
        let denied = |text: &str| Error::new(ErrorKind::Denied, text);
        let Some(mac) = claim.get(MAC) else {
            return match self.policy {
                ClaimPolicy::Write => Ok(Proven::Nothing),
                ClaimPolicy::Require => Err(denied(
                    "the claim carries no proof of who wrote it, and `storage.claims` requires one",
                )),
            };
        };
        let forged =
            || denied("the claim was not written under a key of this ring, or was changed");
        let key = claim.get(KEY).and_then(|id| self.ring.find(id)).ok_or_else(forged)?;
        let mac = hex::decode(mac).map_err(|_| forged())?;
        let verified = hmac::verify(&mac_key(&*key)?, &message(driver, claim), &mac);
        verified.map_err(|_| forged())?;
        let size = claim.get(SIZE).and_then(|size| size.parse().ok()).ok_or_else(forged)?;
        Ok(Proven::Size(size))
    }
}

fn mac_key(key: &dyn Key) -> Result<hmac::Key, Error> {
    let mut derived = [0; 32];
    key.derive("cloakroom claim", b"", &mut derived).map_err(|error| {
        Error::new(ErrorKind::Denied, "the ring's key derives no key for claims").because(error)
    })?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &derived))
}

/// All entries but the proof, each with its length, so that no two claims have one message.
fn message(driver: &str, claim: &Claim) -> Vec<u8> {
    let entries = claim.iter().filter(|(name, _)| *name != MAC);
    let texts = entries.flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    let mut message = Vec::new();
    for text in ["cloakroom claim 1", driver].into_iter().chain(texts) {
        message.extend_from_slice(&(text.len() as u64).to_be_bytes());
        message.extend_from_slice(text.as_bytes());
    }
    message
}
