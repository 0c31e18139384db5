//! Claims of drivers, with the entries that the pipeline adds: the object's digest, and a proof that
//! this pipeline wrote it. Official readers ignore the added entries.

use cloakroom_core::{Claim, Error, ErrorKind};

use crate::offload::proofs;

/// Prefix of the names of added entries.
const OURS: &str = "cloakroom_";

/// Names of the entries with the object's digest. Released drivers spell them in two ways.
const ALGORITHM: [&str; 2] = ["hash_algorithm", "hashAlgorithm"];
const DIGEST: [&str; 2] = ["hash_value", "hashValue"];

/// Entries that a driver's claim may have. Claims are read by every worker of a workflow.
const ENTRIES: usize = 64;

/// Bytes of names and values that a driver's claim may have.
const BYTES: usize = 16 << 10;

/// Bytes that the value of an added entry may have.
const OUR_BYTES: usize = 256;

/// Returns a driver's claim with the digest, which the driver may have written itself.
///
/// # Errors
/// `Protocol` if the claim is too large, has an entry that only the pipeline may write, or names another
/// digest.
pub(crate) fn complete(mut claim: Claim, sha256: &[u8; 32]) -> Result<Claim, Error> {
    let protocol = |text: &str| Err(Error::new(ErrorKind::Protocol, text));
    if claim.len() > ENTRIES || size(&claim) > BYTES {
        return protocol("gave a claim of more than 64 entries, or of more than 16 KiB");
    }
    if claim.keys().any(|name| name.starts_with(OURS)) {
        return protocol("gave a claim with an entry that starts with `cloakroom_`");
    }
    // The official drivers write both entries themselves. Theirs are kept, and compared below.
    let [algorithm, digest] = [ALGORITHM, DIGEST].map(|[name, _]| name.to_owned());
    claim.entry(algorithm).or_insert_with(|| "sha256".to_owned());
    claim.entry(digest).or_insert_with(|| hex::encode(sha256));
    if self::sha256(&claim)? == *sha256 {
        Ok(claim)
    } else {
        protocol("gave a claim with another digest than the object's")
    }
}

/// Returns whether a driver may give such a claim, apart from added entries that are known.
pub(crate) fn is_within_limits(claim: &Claim) -> bool {
    // Entries that the pipeline added do not count: a claim that was within the limits when it was
    // written must stay so.
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

/// Returns the digest that a claim names. Without one, no answer of a store could be trusted.
///
/// # Errors
/// `Malformed` if there is none, or one of another algorithm.
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

/// Returns whether an entry of a claim belongs to the object's digest.
pub(crate) fn is_digest(name: &str) -> bool {
    ALGORITHM.contains(&name) || DIGEST.contains(&name)
}

/// Returns the claim as its driver wrote it.
pub(crate) fn without_ours(claim: &Claim) -> Claim {
    let theirs = claim.iter().filter(|(name, _)| !name.starts_with(OURS));
    theirs.map(|(name, value)| (name.clone(), value.clone())).collect()
}
