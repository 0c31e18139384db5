//! JSON Web Key Sets: public keys, with the algorithms that each may be used for.

use cloakroom_core::{Error, ErrorKind, clean};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyOperations, PublicKeyUse},
};

/// Most characters of a key id in an error.
const MAX_NAME: usize = 64;

/// Most keys of a set. A token without a key id is tried with each of them.
const MAX_KEYS: usize = 100;

/// Keys that verify signatures.
pub(super) struct KeySet {
    text: Vec<u8>,
    keys: Vec<VerifyingKey>,
}

struct VerifyingKey {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl KeySet {
    /// Parses a JSON Web Key Set. Ignores keys for other purposes (`use`, `key_ops`, `alg`).
    ///
    /// # Errors
    /// `Config` if the set has no usable key, or has a symmetric one.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Error> {
        let set: JwkSet = serde_json::from_slice(text)
            .map_err(|error| config(format!("not a JSON Web Key Set (line {})", error.line())))?;
        if set.keys.len() > MAX_KEYS {
            let number = set.keys.len();
            return Err(config(format!(
                "the key set has {number} keys, but at most {MAX_KEYS} are supported"
            )));
        }
        let mut keys = Vec::new();
        for key in &set.keys {
            let id = key.common.key_id.clone();
            let shown = clean(id.as_deref().unwrap_or("without an id"), MAX_NAME);
            let algorithms = algorithms(key).ok_or_else(|| {
                config(format!(
                    "key `{shown}` is symmetric: remove it, or readers of the set can sign"
                ))
            })?;
            // Providers list encryption keys in the same set.
            if algorithms.is_empty() || !verifies(key) {
                continue;
            }
            let key = DecodingKey::from_jwk(key)
                .map_err(|error| config(format!("key `{shown}`: {error}")))?;
            keys.push(VerifyingKey { id, algorithms, key });
        }
        if keys.is_empty() {
            return Err(config(
                "the key set has no key for RS, PS, ES256, ES384 or EdDSA signatures".to_owned(),
            ));
        }
        Ok(Self { text: text.to_owned(), keys })
    }

    /// Returns the keys that may have signed a token: those with its key id, or all if it has none.
    pub(super) fn candidates(
        &self,
        algorithm: Algorithm,
        id: Option<&str>,
    ) -> impl Iterator<Item = &DecodingKey> {
        let is_named = move |key: &&VerifyingKey| {
            key.algorithms.contains(&algorithm) && (id.is_none() || key.id.as_deref() == id)
        };
        self.keys.iter().filter(is_named).map(|key| &key.key)
    }

    /// Returns whether both were parsed from the same text.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// Returns whether the key set allows a key for verification.
fn verifies(key: &Jwk) -> bool {
    let is_for_signatures =
        matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let operations = key.common.key_operations.as_ref();
    is_for_signatures
        && operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

/// Returns the algorithms of a key: the one it declares, or all of its type. `None` for a symmetric
/// key.
fn algorithms(key: &Jwk) -> Option<Vec<Algorithm>> {
    let possible = match &key.algorithm {
        AlgorithmParameters::RSA(_) => vec![
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
        ],
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => vec![Algorithm::ES256],
            EllipticCurve::P384 => vec![Algorithm::ES384],
            _ => Vec::new(),
        },
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            vec![Algorithm::EdDSA]
        }
        AlgorithmParameters::OctetKey(_) => return None,
        _ => Vec::new(),
    };
    let declared = key.common.key_algorithm.map(|algorithm| algorithm.to_string());
    Some(match declared {
        Some(declared) => {
            possible.into_iter().filter(|algorithm| format!("{algorithm:?}") == declared).collect()
        }
        None => possible,
    })
}

fn config(text: String) -> Error {
    Error::new(ErrorKind::Config, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"";

    fn is_used(more: &str) -> bool {
        KeySet::parse(format!("{{\"keys\":[{{{KEY}{more}}}]}}").as_bytes()).is_ok()
    }

    #[test]
    fn ignores_keys_for_other_purposes() {
        for more in [
            "",
            ",\"use\":\"sig\"",
            ",\"key_ops\":[\"verify\"]",
            ",\"key_ops\":[\"sign\",\"verify\"]",
        ] {
            assert!(is_used(more), "{more}");
        }
        for more in [
            ",\"use\":\"enc\"",
            ",\"use\":\"other\"",
            ",\"key_ops\":[]",
            ",\"key_ops\":[\"sign\"]",
            ",\"use\":\"sig\",\"key_ops\":[\"encrypt\"]",
            ",\"alg\":\"RS256\"",
        ] {
            assert!(!is_used(more), "{more}");
        }
    }

    #[test]
    fn bounds_the_number_of_keys() {
        let keys = vec![format!("{{{KEY}}}"); MAX_KEYS + 1].join(",");
        let error = KeySet::parse(format!("{{\"keys\":[{keys}]}}").as_bytes()).err().unwrap();
        assert!(error.to_string().contains("101 keys, but at most 100"), "{error}");
    }
}
