//! Proofs in claims: which pipeline wrote a claim, for which driver, and for how many bytes.
//!
//! A proof of version 2 is `cloakroom_proof`: `2:` and a MAC under a key that nothing but
//! [`Key::sign_claim`] uses. One of version 1 is `cloakroom_mac`, under a key that a plugin with
//! `grants.subkeys` could have had derived: it counts as none, except until a date of the
//! operator's.

use std::{sync::Arc, time::SystemTime};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use cloakroom_core::{Claim, Context, Error, ErrorKind, Key, KeyError, KeyRing};

use crate::ClaimPolicy;

/// Writes proofs and checks them.
#[derive(Clone)]
pub(crate) struct Proofs {
    pub(crate) ring: Arc<dyn KeyRing>,
    pub(crate) policy: ClaimPolicy,
    /// Until when proofs of version 1 count, and are written as well for readers that know no
    /// other.
    pub(crate) v1_until: Option<SystemTime>,
    /// True if a proof is good only in the namespace in which it was written.
    pub(crate) binds_namespace: bool,
}

const KEY: &str = "cloakroom_key";
const SIZE: &str = "cloakroom_size";
const SCOPE: &str = "cloakroom_scope";
const PROOF: &str = "cloakroom_proof";
const MAC_1: &str = "cloakroom_mac";

/// The names of all entries that this module writes.
pub(crate) const NAMES: [&str; 5] = [KEY, SIZE, SCOPE, PROOF, MAC_1];

/// The value of [`SCOPE`] in a claim whose proof covers the namespace.
const NAMESPACE: &str = "namespace";

/// The start of a proof of version 2.
const VERSION_2: &str = "2:";

/// Result of checking a claim's proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// This pipeline's keys wrote it, for an object of this size.
    Size(u64),
    /// It carries no proof that counts.
    Nothing,
}

impl Proofs {
    /// Returns the same claim with a proof.
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
        let key = self.ring.current();
        claim.insert(KEY.to_owned(), key.id().to_owned());
        claim.insert(SIZE.to_owned(), size.to_string());
        if self.binds_namespace {
            claim.insert(SCOPE.to_owned(), NAMESPACE.to_owned());
        }
        let Some(head) = head(ctx, driver, &claim) else {
            let text = "the call names no namespace, and `storage.claims.bind_namespace` binds claims \
                        to theirs: name it in the call, or turn the setting off";
            return Err(Error::new(ErrorKind::Config, text));
        };
        let mac = key.sign_claim(&message(&head, &claim, &[PROOF, MAC_1])).map_err(unsigned)?;
        claim.insert(PROOF.to_owned(), format!("{VERSION_2}{}", hex::encode(mac)));
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
        match (claim.get(PROOF), claim.get(MAC_1)) {
            (Some(proof), _) => self.check_v2(ctx, driver, claim, proof),
            (None, Some(mac)) if self.is_v1_accepted() && !self.binds_namespace => {
                self.check_mac(claim, mac, |key| sign_v1(key, driver, claim))
            }
            (None, Some(_)) => self.nothing(
                "the claim's proof is of version 1, which counts as none: set \
                 `storage.claims.accept_v1_until` to read claims of older versions until a date",
            ),
            (None, None) => self.nothing(
                "the claim carries no proof of who wrote it, and `storage.claims` requires one",
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
        let head = head(ctx, driver, claim).ok_or_else(|| {
            denied("the claim is bound to its namespace, and the call names none")
        })?;
        let message = message(&head, claim, &[PROOF, MAC_1]);
        let proven = self.check_mac(claim, mac, |key| key.sign_claim(&message))?;
        if self.binds_namespace && !claim.contains_key(SCOPE) {
            return self.nothing(
                "the claim's proof is not bound to a namespace, and `storage.claims.bind_namespace` \
                 asks for it",
            );
        }
        Ok(proven)
    }

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
        let key = claim.get(KEY).and_then(|id| self.ring.find(id)).ok_or_else(forged)?;
        let mac = hex::decode(mac).map_err(|_| forged())?;
        let expected = sign(&*key).map_err(unsigned)?;
        verify_slices_are_equal(&mac, &expected).map_err(|_| forged())?;
        let size = claim.get(SIZE).and_then(|size| size.parse().ok()).ok_or_else(forged)?;
        Ok(Proof::Size(size))
    }

    /// Answers for a claim without a proof that counts.
    fn nothing(&self, why: &str) -> Result<Proof, Error> {
        match self.policy {
            ClaimPolicy::Write => Ok(Proof::Nothing),
            ClaimPolicy::Require => Err(denied(why)),
        }
    }

    fn is_v1_accepted(&self) -> bool {
        self.v1_until.is_some_and(|until| SystemTime::now() < until)
    }
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

/// The texts before the entries in a message of version 2. None if the proof covers a namespace and
/// the call has none.
fn head<'a>(ctx: &'a Context, driver: &'a str, claim: &Claim) -> Option<Vec<&'a str>> {
    if claim.contains_key(SCOPE) {
        return Some(vec!["cloakroom claim 2 of a namespace", ctx.namespace_name()?, driver]);
    }
    Some(vec!["cloakroom claim 2", driver])
}

/// `head` and all entries but those of `without`, each text behind its length, so that no two
/// claims have one message.
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
