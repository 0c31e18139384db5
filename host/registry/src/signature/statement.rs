//! The statement that is signed.

use cloakroom_core::{Error, ErrorKind};

use crate::digest::Digest;

/// Start of every statement. No other protocol signs bytes that begin so, and a key that signs other
/// things too cannot be made to sign a plugin.
const DOMAIN: &str = "cloakroom plugin signature 1";

/// Most characters of a name and of a version.
const NAME: usize = 128;
const VERSION: usize = 64;

/// Statement that a key signs: this component is the plugin of this name in this version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    name: String,
    version: String,
}

impl Statement {
    /// Returns a statement about a name and a version.
    ///
    /// # Errors
    /// `Config` if the name has other characters than letters, digits, `.`, `_`, `-` and `/`, or the
    /// version than letters, digits, `.`, `+` and `-`, or one is empty or long.
    pub fn new(name: &str, version: &str) -> Result<Self, Error> {
        let is = |text: &str, most, marks: &str| {
            let is_part = |c: char| c.is_ascii_alphanumeric() || marks.contains(c);
            !text.is_empty() && text.len() <= most && text.chars().all(is_part)
        };
        if !is(name, NAME, "._-/") {
            return Err(refused("name", "`.`, `_`, `-` and `/`", NAME));
        }
        if !is(version, VERSION, ".+-") {
            return Err(refused("version", "`.`, `+` and `-`", VERSION));
        }
        Ok(Self { name: name.to_owned(), version: version.to_owned() })
    }

    /// Returns the name of the plugin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the bytes that are signed for a component with this digest: JSON without spaces, with its
    /// keys in this order.
    ///
    /// They are written anew for each check and never parsed, so there is one form of them. Neither name
    /// nor version has a character that JSON would escape.
    #[must_use]
    pub fn to_bytes(&self, component: Digest) -> Vec<u8> {
        let Self { name, version } = self;
        format!(
            "{{\"type\":\"{DOMAIN}\",\"digest\":\"{component}\",\"name\":\"{name}\",\
             \"version\":\"{version}\"}}"
        )
        .into_bytes()
    }
}

fn refused(which: &str, marks: &str, most: usize) -> Error {
    let text = format!(
        "a plugin's {which} for a signature has 1 to {most} letters, digits, {marks}; choose another one"
    );
    Error::new(ErrorKind::Config, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signed_bytes_are_fixed() {
        let statement = Statement::new("team/zstd-plus", "1.2.0").unwrap();
        let bytes = statement.to_bytes(Digest::sha256(b""));
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "{\"type\":\"cloakroom plugin signature 1\",\"digest\":\"sha256:\
             e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\
             \"name\":\"team/zstd-plus\",\"version\":\"1.2.0\"}"
        );
    }

    #[test]
    fn nothing_can_be_put_between() {
        for (name, version) in [
            ("", "1"),
            ("a", ""),
            ("a\",\"version\":\"2", "1"),
            ("a\\", "1"),
            ("a", "1\n"),
            ("ä", "1"),
            (&"a".repeat(129), "1"),
        ] {
            assert!(Statement::new(name, version).is_err(), "{name} {version}");
        }
    }
}
