//! Ed25519 keys, as OpenSSL reads and writes them.

use std::{fmt, str::FromStr};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom_core::{Error, ErrorKind};
use zeroize::Zeroizing;

use crate::digest::Digest;

/// Start of every `SubjectPublicKeyInfo` of an Ed25519 key. The 32 bytes of the key follow.
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Most characters of a key's text. One in PEM has 119.
const TEXT: usize = 4096;

/// Key that verifies signatures. Its text is the base64 of its `SubjectPublicKeyInfo`, with or without the
/// lines of PEM.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Returns the id, by which a signature names its key.
    #[must_use]
    pub fn id(&self) -> Digest {
        Digest::sha256(&self.der())
    }

    /// Returns the key in PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        to_pem("PUBLIC KEY", &self.der())
    }

    /// Returns whether a signature of bytes is one of this key.
    pub(crate) fn verifies(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(bytes, signature).is_ok()
    }

    fn der(self) -> Vec<u8> {
        [&SPKI[..], &self.0].concat()
    }
}

impl FromStr for PublicKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let key = from_pem(text, "PUBLIC KEY").and_then(|der| {
            let key = der.strip_prefix(&SPKI)?;
            Some(Self(key.try_into().ok()?))
        });
        key.ok_or_else(|| {
            let text = "is no Ed25519 public key: write the text that \
                        `openssl pkey -in KEY.pem -pubout` prints, or its base64 on one line";
            Error::new(ErrorKind::Config, text)
        })
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.der()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Key that signs.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Makes a key, and returns its PEM (PKCS #8) besides.
    ///
    /// # Errors
    /// `Internal` if the system has no randomness.
    pub fn generate() -> Result<(Self, Zeroizing<String>), Error> {
        let made = Ed25519KeyPair::generate()
            .and_then(|pair| pair.to_pkcs8v1().map(|document| (pair, document)));
        let (pair, document) =
            made.map_err(|_| Error::new(ErrorKind::Internal, "no key could be made"))?;
        Ok((Self(pair), Zeroizing::new(to_pem("PRIVATE KEY", document.as_ref()))))
    }

    /// Reads a key in PEM (PKCS #8), as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// `Config` if it is none. The text is not shown.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        let der = from_pem(text, "PRIVATE KEY").map(Zeroizing::new);
        let pair =
            der.and_then(|der| Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).ok()).map(Self);
        pair.ok_or_else(|| {
            let text = "is no Ed25519 private key in PEM (PKCS #8): `openssl genpkey -algorithm \
                        ed25519` makes one";
            Error::new(ErrorKind::Config, text)
        })
    }

    /// Returns the key that verifies what this one signs.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut key = [0; 32];
        key.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(key)
    }

    /// Signs bytes.
    pub(crate) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.0.sign(bytes).as_ref());
        signature
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public()).finish_non_exhaustive()
    }
}

fn to_pem(kind: &str, der: &[u8]) -> String {
    // At most 48 bytes, so the base64 fits on one line of 64 characters.
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", STANDARD.encode(der))
}

/// Returns the bytes between the lines of PEM, or of the base64 alone.
fn from_pem(text: &str, kind: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    if text.len() > TEXT {
        return None;
    }
    let body = match text.strip_prefix(&*format!("-----BEGIN {kind}-----")) {
        Some(rest) => rest.strip_suffix(&*format!("-----END {kind}-----"))?,
        None => text,
    };
    let body = Zeroizing::new(body.split_ascii_whitespace().collect::<String>());
    STANDARD.decode(body.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout`.
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
                           MC4CAQAwBQYDK2VwBCIEIPq/GhoNu/JkFFWn7FKq6/eTd1j2fzDX3DbMCV3W+Mc6\n\
                           -----END PRIVATE KEY-----\n";
    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
                          MCowBQYDK2VwAyEAKiROobAeb90BSe2kERXnTM5R4IAksTjldp+18d8PrTI=\n\
                          -----END PUBLIC KEY-----\n";

    #[test]
    fn a_key_is_read_as_it_was_written() {
        let (key, pem) = SigningKey::generate().unwrap();
        let read = SigningKey::from_pem(&pem).unwrap();
        assert_eq!(read.public(), key.public());
        let public = key.public();
        assert_eq!(public.to_pem().parse::<PublicKey>().unwrap(), public);
        assert_eq!(public.to_string().parse::<PublicKey>().unwrap(), public);
        let signature = key.sign(b"x");
        assert!(public.verifies(b"x", &signature) && !public.verifies(b"y", &signature));
    }

    #[test]
    fn keys_of_openssl_are_read() {
        let key = SigningKey::from_pem(PRIVATE).unwrap();
        assert_eq!(key.public(), PUBLIC.parse().unwrap());
        assert_eq!(key.public().to_pem(), PUBLIC);
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_shown() {
        let (_, pem) = SigningKey::generate().unwrap();
        assert!(pem.parse::<PublicKey>().is_err());
        for text in ["", "c2VjcmV0", "-----BEGIN PRIVATE KEY-----", &"A".repeat(5000)] {
            let error = SigningKey::from_pem(text).unwrap_err().to_string();
            assert!(!error.contains("c2VjcmV0"), "{error}");
            assert!(text.parse::<PublicKey>().is_err());
        }
    }
}
