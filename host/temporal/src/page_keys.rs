//! Keys that authenticate the gateway's page tokens.

use std::{fmt, sync::Arc};

use cloakroom_core::{Key, KeyRing, PAGE_PURPOSE};

/// Bytes of the code that authenticates a token.
pub(crate) const CODE: usize = 32;

/// Rings whose keys authenticate page tokens: the first that can signs, and all verify. So gateways of
/// one configuration read each other's tokens, and a token outlives a change of the current key.
///
/// Without a ring a token is not authenticated. Whoever forges one then asks only for what a token of
/// the server, which is not authenticated either, would get him too.
#[derive(Clone, Default)]
pub struct PageKeys(Vec<Arc<dyn KeyRing>>);

/// Source of the current keys, asked for each token, so that they can change at run time.
pub trait PageKeySource: Send + Sync + 'static {
    /// Returns the current keys.
    fn page_keys(&self) -> PageKeys;
}

/// Keys that never change.
impl PageKeySource for PageKeys {
    fn page_keys(&self) -> PageKeys {
        self.clone()
    }
}

impl PageKeys {
    /// Returns the keys of these rings, which have them at hand: a ring that would have to ask a
    /// service is skipped.
    #[must_use]
    pub fn new(rings: impl IntoIterator<Item = Arc<dyn KeyRing>>) -> Self {
        Self(rings.into_iter().collect())
    }

    /// Returns the id of the key that signs, and the code of a token; none if no key signs.
    pub(crate) fn sign(&self, token: &[u8]) -> Option<(String, [u8; CODE])> {
        let current = self.0.iter().filter_map(|ring| ring.lasting().now()?.ok()?);
        let mut signed = current.filter_map(|key| Some((key.id().to_owned(), code(&*key, token)?)));
        signed.next()
    }

    /// Returns whether a key with this id signed a token.
    pub(crate) fn verify(&self, id: &str, token: &[u8], signed: &[u8]) -> bool {
        let keys = self.0.iter().filter_map(|ring| ring.find(id, None).now()?.ok()?);
        keys.filter_map(|key| code(&*key, token)).any(|expected| is_equal(&expected, signed))
    }
}

/// Returns the code of a token under a key. What is derived for a salt says nothing about any other, so
/// it authenticates the salt.
fn code(key: &dyn Key, token: &[u8]) -> Option<[u8; CODE]> {
    let mut code = [0; CODE];
    key.derive(PAGE_PURPOSE, token, &mut code).ok()?;
    Some(code)
}

/// Compares in the same time for all codes: a forger must not learn how many bytes were right.
fn is_equal(expected: &[u8; CODE], signed: &[u8]) -> bool {
    let differences = expected.iter().zip(signed).fold(0, |all, (a, b)| all | (a ^ b));
    signed.len() == CODE && std::hint::black_box(differences) == 0
}

impl fmt::Debug for PageKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageKeys").field("rings", &self.0.len()).finish()
    }
}
