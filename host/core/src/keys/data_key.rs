//! Data key: the 32 secret bytes that a key service wraps.

use std::fmt;

use zeroize::Zeroizing;

/// The 32 secret bytes of a data key, or of a ring's secret. Zeroised on drop, never printed, and never
/// copied by the type itself.
pub struct DataKey(Box<Zeroizing<[u8; Self::LENGTH]>>);

impl DataKey {
    /// Length in bytes.
    pub const LENGTH: usize = 32;

    /// Returns a data key whose bytes `fill` writes. They are written in place, so that no copy stays on
    /// the stack.
    ///
    /// # Errors
    /// The error of `fill`.
    pub fn filled<E>(
        fill: impl FnOnce(&mut [u8; Self::LENGTH]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut bytes = Box::new(Zeroizing::new([0; Self::LENGTH]));
        fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Returns a copy of these bytes; none if there are not 32 of them.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let fill = |key: &mut [u8; Self::LENGTH]| {
            (bytes.len() == Self::LENGTH).then(|| key.copy_from_slice(bytes)).ok_or(())
        };
        Self::filled(fill).ok()
    }

    /// Returns the secret bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(32 bytes)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_32_bytes_and_never_prints() {
        let key = DataKey::from_slice(&[7; 32]).unwrap();
        assert_eq!((key.bytes(), format!("{key:?}").as_str()), (&[7; 32], "DataKey(32 bytes)"));
        assert!([0, 31, 33].iter().all(|length| DataKey::from_slice(&vec![7; *length]).is_none()));
    }
}
