//! Signatures of one component, as they are stored.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use super::{
    key::{PublicKey, SigningKey},
    statement::Statement,
};
use crate::digest::Digest;

/// Word at the start of the text.
const FORMAT: &str = "cloakroom-signature-1";

/// Most signatures of one component, and most bytes of their text: they are read before anything is
/// verified.
const MOST: usize = 16;
pub(crate) const LARGEST: usize = 8 << 10;

/// Signatures of one component under one name and version.
///
/// Its text is JSON, in a section of the component, in a file beside it, or in an annotation of its
/// manifest. It has one form: a text that would be written differently is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureSet {
    statement: Statement,
    signatures: Vec<(Digest, [u8; 64])>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Text {
    format: String,
    name: String,
    version: String,
    signatures: Vec<One>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct One {
    key: String,
    ed25519: String,
}

impl SignatureSet {
    /// Signs a component with this digest.
    #[must_use]
    pub fn sign(statement: Statement, component: Digest, key: &SigningKey) -> Self {
        let signature = key.sign(&statement.to_bytes(component));
        Self { statement, signatures: vec![(key.public().id(), signature)] }
    }

    /// Adds a signature, in place of an older one of the same key.
    ///
    /// # Errors
    /// `Config` if the set is full.
    pub fn add(&mut self, component: Digest, key: &SigningKey) -> Result<(), Error> {
        let id = key.public().id();
        self.signatures.retain(|(other, _)| *other != id);
        if self.signatures.len() == MOST {
            let text = format!(
                "the component has {MOST} signatures, and more are not read: remove its signatures first"
            );
            return Err(Error::new(ErrorKind::Config, text));
        }
        self.signatures.push((id, key.sign(&self.statement.to_bytes(component))));
        Ok(())
    }

    /// Returns name and version that were signed.
    #[must_use]
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Returns the ids of the keys that signed, according to the text: nothing is verified.
    pub fn keys(&self) -> impl Iterator<Item = Digest> + '_ {
        self.signatures.iter().map(|(id, _)| *id)
    }

    /// Returns the first of some keys that signed a component with this digest. A signature of another
    /// key counts for nothing.
    ///
    /// # Errors
    /// `PluginRejected` if a signature that names one of the keys is not its signature: the component or
    /// the signature was changed.
    pub fn verify(
        &self,
        component: Digest,
        keys: &[PublicKey],
    ) -> Result<Option<PublicKey>, Error> {
        let bytes = self.statement.to_bytes(component);
        for (id, signature) in &self.signatures {
            let Some(key) = keys.iter().find(|key| key.id() == *id) else { continue };
            if !key.verifies(&bytes, signature) {
                return Err(rejected(format!(
                    "the signature of the key {id} is wrong: the component, its name or its version was \
                     changed after it was signed"
                )));
            }
            return Ok(Some(*key));
        }
        Ok(None)
    }

    /// Returns the text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let one = |(key, signature): &(Digest, [u8; 64])| One {
            key: key.to_string(),
            ed25519: STANDARD.encode(signature),
        };
        let text = Text {
            format: FORMAT.to_owned(),
            name: self.statement.name().to_owned(),
            version: self.statement.version().to_owned(),
            signatures: self.signatures.iter().map(one).collect(),
        };
        // Texts and lists of texts, which always can be written.
        serde_json::to_string(&text).unwrap_or_default()
    }

    /// Reads a text. Spaces and line breaks around it are ignored.
    ///
    /// # Errors
    /// `PluginRejected` if it is no text of signatures, is too long, or could be written differently.
    pub fn from_text(text: &[u8]) -> Result<Self, Error> {
        let text = text.trim_ascii();
        if text.len() > LARGEST {
            return Err(rejected(format!("the signatures have more than {LARGEST} bytes")));
        }
        let wrong = || rejected("the signatures are damaged, or of a later version of Cloakroom");
        let raw: Text = serde_json::from_slice(text).map_err(|_| wrong())?;
        if raw.format != FORMAT || raw.signatures.is_empty() || raw.signatures.len() > MOST {
            return Err(wrong());
        }
        let statement = Statement::new(&raw.name, &raw.version).map_err(|_| wrong())?;
        let one = |one: &One| {
            let signature = STANDARD.decode(&one.ed25519).ok()?;
            Some((one.key.parse().ok()?, signature.try_into().ok()?))
        };
        let signatures = raw.signatures.iter().map(one).collect::<Option<Vec<_>>>();
        let set = Self { statement, signatures: signatures.ok_or_else(wrong)? };
        // A second form of the same signatures would give the same component a second digest.
        if set.to_text().as_bytes() == text { Ok(set) } else { Err(wrong()) }
    }
}

fn rejected(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::PluginRejected, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed() -> (SignatureSet, Digest, SigningKey) {
        let (key, _) = SigningKey::generate().unwrap();
        let digest = Digest::sha256(b"component");
        let statement = Statement::new("zstd-plus", "1.2.0").unwrap();
        (SignatureSet::sign(statement, digest, &key), digest, key)
    }

    #[test]
    fn a_signature_is_of_its_key_its_component_and_its_statement() {
        let (set, digest, key) = signed();
        let (other, _) = SigningKey::generate().unwrap();
        let keys = [other.public(), key.public()];
        assert_eq!(set.verify(digest, &keys).unwrap(), Some(key.public()));
        assert_eq!(set.verify(digest, &[other.public()]).unwrap(), None);
        assert!(set.verify(Digest::sha256(b"another"), &keys).is_err());
        for (from, to) in [("zstd-plus", "zstd-minus"), ("1.2.0", "1.3.0")] {
            let changed = set.to_text().replace(from, to);
            let changed = SignatureSet::from_text(changed.as_bytes()).unwrap();
            assert!(changed.verify(digest, &keys).is_err());
        }
    }

    #[test]
    fn several_keys_sign() {
        let (mut set, digest, key) = signed();
        let (other, _) = SigningKey::generate().unwrap();
        set.add(digest, &other).unwrap();
        set.add(digest, &key).unwrap();
        assert_eq!(set.keys().count(), 2);
        let read = SignatureSet::from_text((set.to_text() + "\n").as_bytes()).unwrap();
        assert_eq!(read, set);
        assert_eq!(read.verify(digest, &[other.public()]).unwrap(), Some(other.public()));
    }

    #[test]
    fn a_hostile_text_is_refused() {
        let (set, ..) = signed();
        let text = set.to_text();
        let one = &text[text.find("{\"key\"").unwrap()..text.len() - 2];
        for hostile in [
            String::new(),
            "{}".to_owned(),
            text.replace(':', ": "),
            text.replace("signature-1", "signature-2"),
            text.replace("\"name\"", "\"more\":1,\"name\""),
            text.replace("zstd-plus", "zstd\\u002dplus"),
            text.replace(one, ""),
            text.replace(one, &[one; MOST + 1].join(",")),
            text.replace("==", ""),
            "[".repeat(LARGEST),
            " ".repeat(LARGEST) + "{}" + &" ".repeat(LARGEST),
            format!("\"{}\"", "x".repeat(LARGEST)),
        ] {
            assert!(SignatureSet::from_text(hostile.as_bytes()).is_err(), "{hostile}");
        }
    }
}
