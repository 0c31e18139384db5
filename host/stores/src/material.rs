//! The bytes of a key, on their way from where they are kept into a ring.

use std::{collections::BTreeSet, fmt};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom_core::{Error, ErrorKind};
use zeroize::{Zeroize, Zeroizing};

/// How many bytes a key has.
pub(crate) const LENGTH: usize = 32;

/// The 32 bytes of a key. Zeroised when dropped; prints as nothing.
#[derive(Clone)]
pub struct Material(Zeroizing<[u8; LENGTH]>);

/// Why a text or some bytes are not a key. Says how long they are, never what they are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MaterialError {
    /// Not base64.
    #[error("a key is written as base64: try `openssl rand -base64 32`")]
    Base64,
    /// Hexadecimal digits.
    #[error(
        "this looks like 64 hexadecimal digits, and keys are base64: \
         convert them with `xxd -r -p | base64`"
    )]
    Hex,
    /// A pattern that nobody drew at random.
    #[error(
        "these 32 bytes are a pattern, such as all zeros, and no key: try `openssl rand -base64 32`"
    )]
    Pattern,
    /// Not 32 bytes.
    #[error("a key is 32 bytes, and this one is {0}: try `openssl rand -base64 32`")]
    Length(usize),
}

/// Bytes that are no key are a wrong setting: `Config`.
impl From<MaterialError> for Error {
    fn from(error: MaterialError) -> Self {
        Self::new(ErrorKind::Config, error.to_string())
    }
}

impl Material {
    /// A key of these bytes, whatever they are: the program that has them answers for them.
    pub fn new(bytes: [u8; LENGTH]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads a key as people keep one: base64, with white space around it.
    ///
    /// # Errors
    /// If it is not base64, not 32 bytes, or a pattern.
    pub fn from_base64(text: &str) -> Result<Self, MaterialError> {
        let text = text.trim();
        // As base64 they would be 48 bytes, and the error would speak of a length.
        if text.len() == 2 * LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(MaterialError::Hex);
        }
        let decoded = STANDARD.decode(text).map_err(|_| MaterialError::Base64)?;
        Self::from_slice(&Zeroizing::new(decoded))
    }

    /// A key of these bytes.
    ///
    /// # Errors
    /// If there are not 32, or they are a pattern.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, MaterialError> {
        let mut array: [u8; LENGTH] =
            bytes.try_into().map_err(|_| MaterialError::Length(bytes.len()))?;
        if is_pattern(&array) {
            array.zeroize();
            return Err(MaterialError::Pattern);
        }
        let material = Self::new(array);
        array.zeroize();
        Ok(material)
    }

    pub(crate) fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

/// Returns whether bytes are equal, count up or down, or are few different ones. Of 32 random bytes, 30
/// differ on average, and fewer than 8 do once in 10^36 keys.
fn is_pattern(bytes: &[u8; LENGTH]) -> bool {
    let mut steps = bytes.windows(2).map(|pair| match pair {
        [first, second] => second.wrapping_sub(*first),
        _ => 0,
    });
    let first = steps.next();
    let is_even = steps.all(|step| Some(step) == first);
    is_even || BTreeSet::from(*bytes).len() < 8
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Material(32 bytes)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_long_a_wrong_key_is_and_not_what_it_is() {
        let error = Material::from_base64("c2VjcmV0").unwrap_err();
        assert_eq!(error, MaterialError::Length(6));
        assert_eq!(Material::from_base64("se cret").unwrap_err(), MaterialError::Base64);
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn recognises_hexadecimal_digits() {
        let hex = "00112233445566778899aabbccddeeffFFEEDDCCBBAA99887766554433221100\n";
        assert_eq!(Material::from_base64(hex).unwrap_err(), MaterialError::Hex);
        assert!(MaterialError::Hex.to_string().contains("xxd -r -p | base64"));
    }

    #[test]
    fn a_pattern_is_no_key() {
        let counted: [u8; LENGTH] = std::array::from_fn(|index| index as u8);
        let four: [u8; LENGTH] = std::array::from_fn(|index| [0xde, 0xad, 0xbe, 0xef][index % 4]);
        for bytes in [[0; LENGTH], [0xff; LENGTH], counted, four] {
            assert_eq!(Material::from_slice(&bytes).unwrap_err(), MaterialError::Pattern);
            let text = STANDARD.encode(bytes);
            assert_eq!(Material::from_base64(&text).unwrap_err(), MaterialError::Pattern);
        }
        assert!(Material::from_slice(b"a key that every test may know!!").is_ok());
    }

    #[test]
    fn does_not_print() {
        let printed = format!("{:?}", Material::new([b'k'; LENGTH]));
        assert_eq!(printed, "Material(32 bytes)");
    }
}
