//! Signed tokens that were verified before.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::digest::{Digest, SHA256, digest};

use super::{client::Client, key_set::KeySet};

/// Tokens that are remembered. A worker sends one until it expires.
const MOST: usize = 1024;

/// Signed tokens that were verified before, by their hash. A worker presents the same token with every
/// call, and verifying a signature takes longer than all else that a gateway does with a small call.
///
/// A token is forgotten when it expires. One that was verified with other keys than the current ones is
/// verified again, so that a key which its owner withdraws opens nothing.
#[derive(Default)]
pub(super) struct VerifiedTokens(Mutex<HashMap<[u8; 32], Verified>>);

struct Verified {
    client: Client,
    keys: Arc<KeySet>,
    /// `exp` of the token, in seconds since 1970.
    expires: u64,
}

impl VerifiedTokens {
    /// Returns the client of a token that these keys have verified.
    pub(super) fn client(&self, token: &str, keys: &Arc<KeySet>) -> Option<Client> {
        let hash = hash(token)?;
        let mut verified = self.lock();
        let known = verified.get(&hash)?;
        if known.is_expired(now()) {
            verified.remove(&hash);
            return None;
        }
        Arc::ptr_eq(&known.keys, keys).then(|| known.client.clone())
    }

    /// Remembers a token that these keys have verified.
    pub(super) fn remember(&self, token: &str, keys: &Arc<KeySet>, expires: u64, client: &Client) {
        let Some(hash) = hash(token) else { return };
        let mut verified = self.lock();
        if verified.len() >= MOST {
            let now = now();
            verified.retain(|_, one| !one.is_expired(now));
            // So many valid tokens: whoever calls next is verified anew, once.
            if verified.len() >= MOST {
                verified.clear();
            }
        }
        verified.insert(hash, Verified { client: client.clone(), keys: keys.clone(), expires });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Verified>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Verified {
    fn is_expired(&self, now: u64) -> bool {
        now >= self.expires
    }
}

fn hash(token: &str) -> Option<[u8; 32]> {
    let hash: Digest = digest(&SHA256, token.as_bytes());
    hash.as_ref().try_into().ok()
}

/// Returns the seconds since 1970. Without a clock every token has expired.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(u64::MAX, |time| time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &[u8] = br#"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    fn client(subject: &str) -> Client {
        let namespaces = Some(vec!["shop".to_owned()]);
        Client { subject: subject.to_owned(), signed_subject: None, namespaces }
    }

    fn keys() -> Arc<KeySet> {
        Arc::new(KeySet::parse(KEYS).unwrap())
    }

    #[test]
    fn a_token_is_known_until_it_expires_or_the_keys_change() {
        let (tokens, known, renewed) = (VerifiedTokens::default(), keys(), keys());
        let subject = |token, keys| tokens.client(token, keys).map(|client| client.subject);
        tokens.remember("valid", &known, now() + 60, &client("alice"));
        tokens.remember("expired", &known, now(), &client("bob"));
        assert_eq!(subject("valid", &known), Some("alice".to_owned()));
        assert_eq!(subject("other", &known), None);
        assert_eq!(subject("valid", &renewed), None);
        assert_eq!(subject("expired", &known), None);
    }

    #[test]
    fn it_holds_no_more_than_so_many() {
        let (tokens, keys) = (VerifiedTokens::default(), keys());
        for token in 0..3 * MOST {
            tokens.remember(&token.to_string(), &keys, now() + 60, &client("any"));
            assert!(tokens.lock().len() <= MOST);
        }
        assert!(tokens.client(&(3 * MOST - 1).to_string(), &keys).is_some());
    }
}
