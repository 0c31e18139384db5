//! Digests of manifests and of layers.

use std::{fmt, str::FromStr};

use aws_lc_rs::digest;
use cloakroom_core::{Error, ErrorKind};

/// SHA-256 of a manifest or of a layer. Its text is `sha256:` and 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Returns the SHA-256 of bytes.
    #[must_use]
    pub fn sha256(bytes: &[u8]) -> Self {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
        Self(sha256)
    }

    /// Returns the hexadecimal digits alone.
    #[must_use]
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || {
            let text = "a digest is `sha256:` and 64 lowercase hexadecimal digits";
            Error::new(ErrorKind::Config, text)
        };
        let mut digest = [0; 32];
        let digits = text.strip_prefix("sha256:").ok_or_else(wrong)?;
        // One text for one digest: it is a file's name and a part of a URL.
        if digits.bytes().any(|digit| digit.is_ascii_uppercase()) {
            return Err(wrong());
        }
        hex::decode_to_slice(digits, &mut digest).map_err(|_| wrong())?;
        Ok(Self(digest))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
