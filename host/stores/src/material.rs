//! Key material: the 32 secret bytes of a key.

use std::{collections::BTreeSet, fmt};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom_core::{DataKey, Error, ErrorKind};
use zeroize::{Zeroize, Zeroizing};

/// Length of a key in bytes.
pub(crate) const LENGTH: usize = 32;

/// The 32 secret bytes of a key. Zeroised on drop, and never printed.
#[derive(Clone)]
pub struct KeyMaterial(Zeroizing<[u8; LENGTH]>);

/// Reason why a text or some bytes are not a key. Shows their length, never their content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MaterialError {
    /// Not base64.
    #[error("the key is not base64: write the output of `openssl rand -base64 32`")]
    Base64,
    /// Hexadecimal digits.
    #[error(
        "the key has 64 hexadecimal digits, but base64 is needed: convert it with \
         `xxd -r -p | base64`"
    )]
    Hex,
    /// A pattern, such as all zeros.
    #[error(
        "the key is a pattern, such as all zeros, and not random: write the output of \
         `openssl rand -base64 32`"
    )]
    Pattern,
    /// Not 32 bytes.
    #[error(
        "the key has {0} bytes, but 32 are needed: write the output of `openssl rand -base64 32`"
    )]
    Length(usize),
}

/// Converts to an error of kind `Config`.
impl From<MaterialError> for Error {
    fn from(error: MaterialError) -> Self {
        Self::new(ErrorKind::Config, error.to_string())
    }
}

impl KeyMaterial {
    /// Creates key material without checks. The caller must have drawn the bytes at random.
    #[must_use]
    pub fn new(bytes: [u8; LENGTH]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Parses base64, with white space around it.
    ///
    /// # Errors
    /// If the text is not base64, not 32 bytes, or a pattern.
    pub fn from_base64(text: &str) -> Result<Self, MaterialError> {
        let text = text.trim();
        // Hexadecimal digits are valid base64 too, of 48 bytes: that error would mislead.
        if text.len() == 2 * LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(MaterialError::Hex);
        }
        let decoded = STANDARD.decode(text).map_err(|_| MaterialError::Base64)?;
        Self::from_slice(&Zeroizing::new(decoded))
    }

    /// Creates key material from bytes.
    ///
    /// # Errors
    /// If there are not 32 bytes, or they are a pattern.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, MaterialError> {
        let mut array: [u8; LENGTH] =
            bytes.try_into().map_err(|_| MaterialError::Length(bytes.len()))?;
        if is_pattern(&array) {
            array.zeroize();
            return Err(MaterialError::Pattern);
        }
        // `array` is `Copy`, so the constructor got a copy and this one remains on the stack.
        let material = Self::new(array);
        array.zeroize();
        Ok(material)
    }

    /// Returns the secret bytes.
    pub(crate) fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

/// Copies the bytes of a data key. It was drawn at random, so it is not checked for patterns.
impl From<&DataKey> for KeyMaterial {
    fn from(key: &DataKey) -> Self {
        let mut material = Self(Zeroizing::new([0; LENGTH]));
        material.0.copy_from_slice(key.bytes());
        material
    }
}

/// Returns whether the bytes form an arithmetic sequence, or have fewer than 8 distinct values.
///
/// Somebody typed such a key. 32 random bytes have 30 distinct values on average, and fewer than 8
/// once in 10^36 keys.
fn is_pattern(bytes: &[u8; LENGTH]) -> bool {
    let mut steps = bytes.windows(2).map(|pair| match pair {
        [first, second] => second.wrapping_sub(*first),
        _ => 0,
    });
    let first = steps.next();
    let is_even = steps.all(|step| Some(step) == first);
    is_even || BTreeSet::from(*bytes).len() < 8
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyMaterial(32 bytes)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_length_of_a_wrong_key_and_not_its_content() {
        let error = KeyMaterial::from_base64("c2VjcmV0").unwrap_err();
        assert_eq!(error, MaterialError::Length(6));
        assert_eq!(KeyMaterial::from_base64("se cret").unwrap_err(), MaterialError::Base64);
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn recognises_hexadecimal_digits() {
        let hex = "00112233445566778899aabbccddeeffFFEEDDCCBBAA99887766554433221100\n";
        assert_eq!(KeyMaterial::from_base64(hex).unwrap_err(), MaterialError::Hex);
        assert!(MaterialError::Hex.to_string().contains("xxd -r -p | base64"));
    }

    #[test]
    fn refuses_a_pattern() {
        let counted: [u8; LENGTH] = std::array::from_fn(|index| index as u8);
        let four: [u8; LENGTH] = std::array::from_fn(|index| [0xde, 0xad, 0xbe, 0xef][index % 4]);
        for bytes in [[0; LENGTH], [0xff; LENGTH], counted, four] {
            assert_eq!(KeyMaterial::from_slice(&bytes).unwrap_err(), MaterialError::Pattern);
            let text = STANDARD.encode(bytes);
            assert_eq!(KeyMaterial::from_base64(&text).unwrap_err(), MaterialError::Pattern);
        }
        assert!(KeyMaterial::from_slice(b"a key that every test may know!!").is_ok());
    }

    #[test]
    fn never_prints() {
        let printed = format!("{:?}", KeyMaterial::new([b'k'; LENGTH]));
        assert_eq!(printed, "KeyMaterial(32 bytes)");
    }
}
