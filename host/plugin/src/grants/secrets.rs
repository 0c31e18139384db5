//! Secrets that a plugin is granted.

use std::{collections::BTreeMap, fmt};

use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

/// Secrets of one plugin, by the names that it asks for.
#[derive(Clone, Default)]
pub(crate) struct GrantedSecrets(BTreeMap<String, Zeroizing<Vec<u8>>>);

impl GrantedSecrets {
    pub(crate) fn insert(&mut self, name: &str, secret: &[u8]) {
        self.0.insert(name.to_owned(), Zeroizing::new(secret.to_vec()));
    }

    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(|secret| secret.as_slice())
    }

    /// Returns whether a text holds a secret as it is written.
    pub(crate) fn are_in(&self, text: &str) -> bool {
        let is_in = |secret: &[u8]| {
            !secret.is_empty() && text.as_bytes().windows(secret.len()).any(|part| part == secret)
        };
        self.0.values().any(|secret| is_in(secret))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// Returns a text that names all secrets. It holds their digests, and stays in memory: another password
    /// may be another account, which must not be answered from what the first has read.
    pub(crate) fn identity(&self) -> String {
        let digests = self.0.iter().map(|(name, secret)| {
            let digest = digest(&SHA256, secret);
            format!("{name} {}", hex::encode(digest))
        });
        format!("{:?}", digests.collect::<Vec<_>>())
    }
}

/// Shows the names alone.
impl fmt::Debug for GrantedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_shown() {
        let mut secrets = GrantedSecrets::default();
        secrets.insert("db-password", b"canary");
        assert_eq!(format!("{secrets:?}"), "{\"db-password\"}");
        assert!(secrets.are_in("o/canary/1") && !secrets.are_in("o/canar/y"));
        let before = secrets.identity();
        assert!(!before.contains("canary"));
        secrets.insert("db-password", b"another");
        assert_ne!(secrets.identity(), before);
    }
}
