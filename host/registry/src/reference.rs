//! References to plugins in registries.

use std::{fmt, net::IpAddr, str::FromStr};

use cloakroom_core::{Error, ErrorKind};

use crate::digest::Digest;

/// Scheme of a reference.
const SCHEME: &str = "oci://";

/// Most characters of a repository, as registries allow.
const REPOSITORY: usize = 255;

/// Most characters of a tag, as registries allow.
const TAG: usize = 128;

/// Plugin in a registry: `oci://HOST[:PORT]/REPOSITORY[:TAG][@sha256:…]`. The digest is the one of the
/// manifest, and decides if there is one; the tag is then a note for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// Returns the registry: its host, and its port if one is given.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Returns the path in the registry.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Returns the last part of the path, which is the plugin's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.repository.rsplit('/').next().unwrap_or_default()
    }

    /// Returns the tag.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns the digest of the manifest.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// Returns the reference with this digest in place of its own.
    #[must_use]
    pub fn with_digest(mut self, digest: Digest) -> Self {
        self.digest = Some(digest);
        self
    }

    /// Returns the reference without its digest.
    #[must_use]
    pub fn without_digest(mut self) -> Self {
        self.digest = None;
        self
    }

    /// Returns the reference without tag and digest: what stays the same in all versions.
    #[must_use]
    pub fn plugin(&self) -> String {
        format!("{SCHEME}{}/{}", self.registry, self.repository)
    }

    /// Returns whether the registry is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = match self.registry.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => self.registry.split(':').next().unwrap_or_default(),
        };
        let address = host.parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |why: &str| {
            let text = format!(
                "a reference {why}; write `oci://HOST/REPOSITORY:TAG` or \
                 `oci://HOST/REPOSITORY@sha256:…`"
            );
            Error::new(ErrorKind::Config, text)
        };
        let rest = text.strip_prefix(SCHEME).unwrap_or(text);
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse()?)),
            None => (rest, None),
        };
        let (registry, path) =
            rest.split_once('/').ok_or_else(|| wrong("names a host and a repository"))?;
        let (repository, tag) = match path.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (path, None),
        };
        if !is_registry(registry) {
            return Err(wrong("names a host, such as `registry.example` or `127.0.0.1:5000`"));
        }
        if !is_repository(repository) {
            return Err(wrong(
                "has a repository of lowercase letters, digits, `.`, `_` and `-`, in parts with a \
                 slash between them",
            ));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(wrong("has a tag of letters, digits, `.`, `_` and `-`"));
        }
        Ok(Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// Returns whether a text is a host with an optional port. It becomes a part of a URL, so it must hold
/// nothing that a URL would read as user, path or query.
fn is_registry(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else { return false };
        let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return matches!(address.parse(), Ok(IpAddr::V6(_))) && is_port;
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let is_label = |label: &str| {
        let is_part = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !label.is_empty() && label.bytes().all(is_part)
    };
    // Without a dot, a port or this name, it would be the first part of a path.
    let is_marked = host == "localhost" || host.contains('.') || port.is_some();
    is_marked && host.split('.').all(is_label) && port.is_none_or(is_port)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|digit| digit.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

fn is_repository(text: &str) -> bool {
    let is_separator = |b: u8| matches!(b, b'.' | b'_' | b'-');
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let is_part = |part: &str| {
        let bytes = part.as_bytes();
        bytes.iter().all(|&b| is_plain(b) || is_separator(b))
            && bytes.first().is_some_and(|&b| is_plain(b))
            && bytes.last().is_some_and(|&b| is_plain(b))
            // A part such as `a..b` would be a step upwards to careless code.
            && !part.contains("..")
    };
    text.len() <= REPOSITORY && text.split('/').all(is_part)
}

fn is_tag(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= TAG
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|b| is_word(b) || matches!(b, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_references() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for text in [
            "oci://registry.example/team/zstd-plus:1.2.0",
            "oci://127.0.0.1:5000/a",
            "oci://[::1]:5000/a/b_c",
            "oci://localhost/a:latest",
            &format!("oci://registry.example/a:1@{digest}"),
            &format!("oci://registry.example/a@{digest}"),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!(reference.to_string(), text);
            assert_eq!(text.trim_start_matches("oci://").parse::<Reference>().unwrap(), reference);
        }
        let reference: Reference = "oci://r.example:80/team/zstd:1".parse().unwrap();
        assert_eq!((reference.registry(), reference.name()), ("r.example:80", "zstd"));
        assert_eq!(reference.plugin(), "oci://r.example:80/team/zstd");
    }

    #[test]
    fn refuses_what_would_be_read_as_another_url() {
        for text in [
            "zstd",
            "team/zstd",
            "oci://",
            "oci://registry.example",
            "oci://registry.example/",
            "oci://user:pass@registry.example/a",
            "oci://registry.example:99999/a",
            "oci://registry.example:/a",
            "oci://registry.example/a/../b",
            "oci://registry.example/a..b",
            "oci://registry.example/A",
            "oci://registry.example/a?x",
            "oci://registry.example/a#x",
            "oci://registry.example/a%2e",
            "oci://registry.example/a:",
            "oci://registry.example/a:-x",
            "oci://registry.example/a@sha256:00",
            "oci://registry.example/a@sha512:00",
            "oci://[::1/a",
            "oci://[127.0.0.1]/a",
            "oci://[::1]x/a",
            "oci://REGISTRY.example/a",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }

    #[test]
    fn knows_this_machine() {
        for (registry, expect) in [
            ("127.0.0.1:5000", true),
            ("[::1]:5000", true),
            ("localhost:5000", true),
            ("localhost.example", false),
            ("10.0.0.1:5000", false),
        ] {
            let reference: Reference = format!("oci://{registry}/a").parse().unwrap();
            assert_eq!(reference.is_loopback(), expect, "{registry}");
        }
    }
}
