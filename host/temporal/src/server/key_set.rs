//! JSON Web Key Sets: the keys that verify signatures, and what each may have signed with.

use cloakroom_core::{Error, ErrorKind, clean};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyOperations, PublicKeyUse},
};

/// The most characters of a key's name in an error.
const LONGEST_NAME: usize = 64;

/// The most keys of a set. A token without a key's name is tried with all.
const MOST_KEYS: usize = 100;

/// The keys of a set that verify signatures.
pub(super) struct KeySet {
    text: Vec<u8>,
    keys: Vec<SigningKey>,
}

struct SigningKey {
    name: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl KeySet {
    /// Reads a JSON Web Key Set. Keys for other purposes (`use`, `key_ops`, `alg`) are left out.
    ///
    /// # Errors
    /// `Config` if there is no key in it that can be used, or one that is a secret.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Error> {
        let set: JwkSet = serde_json::from_slice(text)
            .map_err(|error| config(format!("not a JSON Web Key Set (line {})", error.line())))?;
        if set.keys.len() > MOST_KEYS {
            let number = set.keys.len();
            return Err(config(format!(
                "the set has {number} keys, and at most {MOST_KEYS} are read"
            )));
        }
        let mut keys = Vec::new();
        for key in &set.keys {
            let name = key.common.key_id.clone();
            let shown = clean(name.as_deref().unwrap_or("without a name"), LONGEST_NAME);
            let algorithms = algorithms(key).ok_or_else(|| {
                config(format!("key `{shown}` is a secret: those do not belong into a key set"))
            })?;
            // Providers list keys for other purposes, too.
            if algorithms.is_empty() || !verifies(key) {
                continue;
            }
            let key = DecodingKey::from_jwk(key)
                .map_err(|error| config(format!("key `{shown}`: {error}")))?;
            keys.push(SigningKey { name, algorithms, key });
        }
        if keys.is_empty() {
            return Err(config(
                "the key set holds no key that verifies RS, PS, ES256, ES384 or EdDSA".to_owned(),
            ));
        }
        Ok(Self { text: text.to_owned(), keys })
    }

    /// Returns the keys that may have signed a token: those of its key id, or all without one.
    pub(super) fn candidates(
        &self,
        algorithm: Algorithm,
        id: Option<&str>,
    ) -> impl Iterator<Item = &DecodingKey> {
        let is_named = move |key: &&SigningKey| {
            key.algorithms.contains(&algorithm) && (id.is_none() || key.name.as_deref() == id)
        };
        self.keys.iter().filter(is_named).map(|key| &key.key)
    }

    /// Returns whether another was read from the same text.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// Returns whether a key is for verifying, as far as it says.
fn verifies(key: &Jwk) -> bool {
    let is_for_signatures =
        matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let operations = key.common.key_operations.as_ref();
    is_for_signatures
        && operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

/// Returns what a key may have signed with: what it says, or else what its kind allows. None for a key
/// that signs and verifies alike: it would let every reader of the file in.
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
    let said = key.common.key_algorithm.map(|said| said.to_string());
    Some(match said {
        Some(said) => {
            possible.into_iter().filter(|algorithm| format!("{algorithm:?}") == said).collect()
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
    fn a_key_for_something_else_verifies_nothing() {
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
    fn a_set_is_bounded() {
        let keys = vec![format!("{{{KEY}}}"); MOST_KEYS + 1].join(",");
        let error = KeySet::parse(format!("{{\"keys\":[{keys}]}}").as_bytes()).err().unwrap();
        assert!(error.to_string().contains("101 keys, and at most 100"), "{error}");
    }
}
