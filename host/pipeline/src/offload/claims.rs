//! What the host adds to a driver's claim: the object's digest, and a proof that this pipeline wrote
//! it. Both are entries of the claim, which official readers ignore.

use cloakroom_core::{Claim, Error, ErrorKind};

use crate::offload::proofs;

/// Whether claims carry a proof of who wrote them, and must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimPolicy {
    /// New claims carry a proof. One without is accepted, one with a wrong proof is refused.
    Write,
    /// New claims carry a proof, and claims without are refused.
    Require,
}

/// Every entry of ours starts so.
const OURS: &str = "cloakroom_";

/// What every claim says of its object. Released drivers spell it in two ways.
const ALGORITHM: [&str; 2] = ["hash_algorithm", "hashAlgorithm"];
const DIGEST: [&str; 2] = ["hash_value", "hashValue"];

/// More is no claim of a driver that behaves.
const ENTRIES: usize = 64;
const BYTES: usize = 16 << 10;

/// The longest value of an entry of ours.
const OUR_BYTES: usize = 256;

/// A driver's claim with the digest, which the driver may have written itself.
pub(crate) fn complete(mut claim: Claim, sha256: &[u8; 32]) -> Result<Claim, Error> {
    let protocol = |text: &str| Err(Error::new(ErrorKind::Protocol, text));
    if claim.len() > ENTRIES || size(&claim) > BYTES {
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

/// Returns whether a claim is one that a driver may give, with entries of ours alone added.
pub(crate) fn is_within_limits(claim: &Claim) -> bool {
    let theirs = without_ours(claim);
    let is_ours = |(name, value): (&String, &String)| {
        !name.starts_with(OURS)
            || proofs::NAMES.contains(&name.as_str()) && value.len() <= OUR_BYTES
    };
    theirs.len() <= ENTRIES && size(&theirs) <= BYTES && claim.iter().all(is_ours)
}

fn size(claim: &Claim) -> usize {
    claim.iter().map(|(name, value)| name.len() + value.len()).sum()
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
