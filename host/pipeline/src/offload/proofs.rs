//! Proofs in claims: which pipeline wrote a claim, for which driver, and for how many bytes.
//!
//! The attacker can write into a history, for example by starting a workflow. Without a proof, he could
//! write a claim that names another tenant's object, and a worker with access to both would read it for
//! him. The digest in the claim does not help: the attacker may know the object's digest.
//!
//! A proof of version 2 is `cloakroom_proof`: `2:` and a MAC under a key that only [`Key::sign_claim`]
//! uses. A proof of version 1 is `cloakroom_mac`, under a key that a plugin with subkeys could have
//! derived. It counts as none, except until a date that the operator sets.

use std::{sync::Arc, time::SystemTime};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use cloakroom_core::{
    Claim, Context, Error, ErrorKind, Key, KeyError, KeyLookup, KeyRing, Remedy, SERVICE_KEY,
};

/// Policy for proofs of who wrote a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimPolicy {
    /// New claims carry a proof. A claim without one is accepted, and one with a wrong proof is refused.
    Write,
    /// New claims carry a proof, and claims without one are refused.
    Require,
}

/// Writes and checks proofs.
#[derive(Clone)]
pub(crate) struct Proofs {
    pub(crate) ring: Arc<dyn KeyRing>,
    pub(crate) policy: ClaimPolicy,
    /// Date until which proofs of version 1 count, and are written for readers that know no other.
    pub(crate) v1_until: Option<SystemTime>,
    /// Whether a proof is valid only in the namespace in which it was written.
    pub(crate) binds_namespace: bool,
}

const KEY: &str = "cloakroom_key";
const SIZE: &str = "cloakroom_size";
const SCOPE: &str = "cloakroom_scope";
const PROOF: &str = "cloakroom_proof";
const MAC_1: &str = "cloakroom_mac";

/// Names of all entries that this module writes.
pub(crate) const NAMES: [&str; 5] = [KEY, SIZE, SCOPE, PROOF, MAC_1];

/// Value of [`SCOPE`] in a claim whose proof covers the namespace.
const NAMESPACE: &str = "namespace";

/// Prefix of a proof of version 2.
const VERSION_2: &str = "2:";

/// Result of checking a claim's proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A key of this pipeline wrote it, for an object of this size.
    Size(u64),
    /// It carries no proof that counts.
    None,
}

impl Proofs {
    /// Returns the claim with a proof.
    ///
    /// # Errors
    /// `Config` if the proof is to cover a namespace and the call has none; `Denied` if the ring's
    /// key signs no claims.
    pub(crate) fn sign(
        &self,
        ctx: &Context,
        driver: &str,
        mut claim: Claim,
        size: usize,
    ) -> Result<Claim, Error> {
        let key = at_hand(self.ring.lasting())?;
        let key =
            key.ok_or_else(|| denied("the key ring has no current key to sign claims with"))?;
        // Inserted before the MAC, which covers them: a proof must not be moved to another key,
        // size or scope.
        claim.insert(KEY.to_owned(), key.id().to_owned());
        claim.insert(SIZE.to_owned(), size.to_string());
        if self.binds_namespace {
            claim.insert(SCOPE.to_owned(), NAMESPACE.to_owned());
        }
        let Some(head) = head(ctx, driver, &claim) else {
            let text = "the call names no namespace, and claims are bound to theirs: name it in the \
                        call, or turn the setting off";
            let error = Error::new(ErrorKind::Config, text);
            return Err(error.with_remedies(&[Remedy::BindClaims]));
        };
        let mac = key.sign_claim(&message(&head, &claim, &[PROOF, MAC_1])).map_err(unsigned)?;
        claim.insert(PROOF.to_owned(), format!("{VERSION_2}{}", hex::encode(mac)));
        // A ring of the program may not have version 1. Readers of this version do not need it, so
        // that is no error.
        if self.is_v1_accepted()
            && let Ok(mac) = sign_v1(&*key, driver, &claim)
        {
            claim.insert(MAC_1.to_owned(), hex::encode(mac));
        }
        Ok(claim)
    }

    /// Checks the proof of a claim.
    ///
    /// # Errors
    /// `Denied` if it was not written by this pipeline, was changed since, belongs to another
    /// namespace, or is not there and the policy requires one.
    pub(crate) fn check(&self, ctx: &Context, driver: &str, claim: &Claim) -> Result<Proof, Error> {
        // Where a claim carries both, only version 2 counts: a plugin with subkeys could have
        // forged version 1.
        match (claim.get(PROOF), claim.get(MAC_1)) {
            (Some(proof), _) => self.check_v2(ctx, driver, claim, proof),
            (None, Some(mac)) if self.is_v1_accepted() && !self.binds_namespace => {
                self.check_mac(claim, mac, |key| sign_v1(key, driver, claim))
            }
            (None, Some(_)) => self.accept_none(
                "the claim's proof is of version 1, which counts as none: accept claims of older \
                 versions until a date",
                &[Remedy::AcceptV1Claims],
            ),
            (None, None) => self.accept_none(
                "the claim carries no proof of who wrote it, and one is required",
                &[Remedy::Claims],
            ),
        }
    }

    fn check_v2(
        &self,
        ctx: &Context,
        driver: &str,
        claim: &Claim,
        proof: &str,
    ) -> Result<Proof, Error> {
        let mac = proof.strip_prefix(VERSION_2).ok_or_else(|| {
            denied("the claim's proof is of a version that this Cloakroom does not know: update it")
        })?;
        // Before the scope: a wrong proof is refused under every policy, while one without the
        // scope only counts as none.
        let mut proven = self.check_namespace(ctx, driver, claim, mac);
        // The claim does not say whose it is. Each namespace that shares with the call's is tried.
        for namespace in ctx.readable_namespaces() {
            if proven.is_err() && claim.contains_key(SCOPE) {
                proven = self.check_namespace(&ctx.opening(namespace), driver, claim, mac);
            }
        }
        let proven = proven?;
        if self.binds_namespace && !claim.contains_key(SCOPE) {
            return self.accept_none(
                "the claim's proof is not bound to a namespace, and that is required",
                &[Remedy::BindClaims],
            );
        }
        Ok(proven)
    }

    /// Checks a MAC of version 2 for the namespace of the call, if the claim is bound to one.
    fn check_namespace(
        &self,
        ctx: &Context,
        driver: &str,
        claim: &Claim,
        mac: &str,
    ) -> Result<Proof, Error> {
        let head = head(ctx, driver, claim).ok_or_else(|| {
            denied("the claim is bound to its namespace, and the call names none")
        })?;
        let message = message(&head, claim, &[PROOF, MAC_1]);
        self.check_mac(claim, mac, |key| key.sign_claim(&message))
    }

    /// Checks a MAC in constant time. All forgeries get the same answer, which helps no attacker.
    fn check_mac(
        &self,
        claim: &Claim,
        mac: &str,
        sign: impl FnOnce(&dyn Key) -> Result<[u8; 32], KeyError>,
    ) -> Result<Proof, Error> {
        let forged = || {
            denied(
                "the claim was not written under a key of this ring, in this namespace if it is bound \
                 to one, or was changed",
            )
        };
        let id = claim.get(KEY).ok_or_else(forged)?;
        // Keys under a key service change by the clock, and sign nothing.
        if id.starts_with(SERVICE_KEY) {
            return Err(forged());
        }
        let key = at_hand(self.ring.find(id, None))?.ok_or_else(forged)?;
        let mac = hex::decode(mac).map_err(|_| forged())?;
        let expected = sign(&*key).map_err(unsigned)?;
        verify_slices_are_equal(&mac, &expected).map_err(|_| forged())?;
        let size = claim.get(SIZE).and_then(|size| size.parse().ok()).ok_or_else(forged)?;
        Ok(Proof::Size(size))
    }

    /// Accepts a claim without a proof that counts, if the policy does.
    fn accept_none(&self, why: &str, remedies: &'static [Remedy]) -> Result<Proof, Error> {
        match self.policy {
            ClaimPolicy::Write => Ok(Proof::None),
            ClaimPolicy::Require => Err(denied(why).with_remedies(remedies)),
        }
    }

    fn is_v1_accepted(&self) -> bool {
        self.v1_until.is_some_and(|until| SystemTime::now() < until)
    }
}

/// Returns the key of a look-up.
///
/// # Errors
/// Those of the look-up; `Unavailable` if it has to wait.
fn at_hand(lookup: KeyLookup<'_>) -> Result<Option<Arc<dyn Key>>, Error> {
    lookup.now().unwrap_or_else(|| {
        let text = "the key for claims is not at hand: keep it in memory in this key ring";
        Err(Error::new(ErrorKind::Unavailable, text))
    })
}

fn denied(text: &str) -> Error {
    Error::new(ErrorKind::Denied, text)
}

fn unsigned(error: KeyError) -> Error {
    denied("the ring's key signs no claims").with_source(error)
}

fn sign_v1(key: &dyn Key, driver: &str, claim: &Claim) -> Result<[u8; 32], KeyError> {
    key.sign_claim_v1(&message(&["cloakroom claim 1", driver], claim, &[MAC_1]))
}

/// Returns the texts before the entries in a message of version 2; none if the proof covers a namespace
/// and the call has none.
fn head<'a>(ctx: &'a Context, driver: &'a str, claim: &Claim) -> Option<Vec<&'a str>> {
    if claim.contains_key(SCOPE) {
        return Some(vec!["cloakroom claim 2 of a namespace", ctx.namespace_name()?, driver]);
    }
    Some(vec!["cloakroom claim 2", driver])
}

/// Returns `head` and all entries but those of `without`. Each text follows its length, so that no two
/// claims have the same message.
fn message(head: &[&str], claim: &Claim, without: &[&str]) -> Vec<u8> {
    let entries = claim.iter().filter(|(name, _)| !without.contains(&name.as_str()));
    let texts = entries.flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    let mut message = Vec::new();
    for text in head.iter().copied().chain(texts) {
        message.extend_from_slice(&(text.len() as u64).to_be_bytes());
        message.extend_from_slice(text.as_bytes());
    }
    message
}
