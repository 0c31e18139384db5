//! Where a plugin's bytes come from.

use std::{
    fmt, fs,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use aws_lc_rs::digest as sha2;
use bytes::Bytes;
use cloakroom_core::{ByteSize, Error, ErrorKind};

/// A SHA-256, as plugins are pinned by. Prints as `sha256:` and hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut digest = [0; 32];
        digest.copy_from_slice(sha2::digest(&sha2::SHA256, bytes).as_ref());
        Self(digest)
    }

    /// The hexadecimal digits alone.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl std::str::FromStr for Digest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong =
            || Error::new(ErrorKind::Config, "a digest is `sha256:` and 64 hexadecimal digits");
        let mut digest = [0; 32];
        let digits = text.strip_prefix("sha256:").ok_or_else(wrong)?;
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

/// A plugin's file, or its bytes, and what it is called in errors and logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    name: Arc<str>,
    place: Place,
    pinned: Option<Digest>,
}

#[derive(Clone, PartialEq, Eq)]
enum Place {
    Bytes(Bytes),
    File(PathBuf),
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::File(path) => path.fmt(f),
        }
    }
}

/// A plugin's bytes, read and known to be the pinned ones.
pub(crate) struct Binary {
    pub(crate) bytes: Bytes,
    pub(crate) digest: Digest,
}

impl Source {
    /// A file, read when the plugin is loaded. It is called by its stem.
    pub fn file(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Self { name: Arc::from(&*name), place: Place::File(path.to_owned()), pinned: None }
    }

    /// Bytes that are at hand.
    pub fn bytes(name: &str, bytes: impl Into<Bytes>) -> Self {
        Self { name: Arc::from(name), place: Place::Bytes(bytes.into()), pinned: None }
    }

    /// Another name for it.
    pub fn named(mut self, name: &str) -> Self {
        self.name = Arc::from(name);
        self
    }

    /// Refuses any other bytes.
    pub fn pinned(mut self, digest: Digest) -> Self {
        self.pinned = Some(digest);
        self
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the file, if it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::Bytes(_) => None,
            Place::File(path) => Some(path),
        }
    }

    /// Says in which plugin, and in which file, loading failed.
    pub(crate) fn blame(&self, error: Error) -> Error {
        let error = error.in_plugin(&self.name);
        match self.path() {
            Some(path) => error.in_file(path),
            None => error,
        }
    }

    pub(crate) fn read(&self, most: ByteSize) -> Result<Binary, Error> {
        let bytes = match &self.place {
            Place::Bytes(bytes) => bytes.clone(),
            Place::File(path) => read_file(path, most)?,
        };
        if most.as_usize() < bytes.len() {
            let text = format!(
                "the file has {} bytes or more, and a plugin has at most {most} (`limits.component`)",
                bytes.len()
            );
            return Err(Error::new(ErrorKind::PluginRejected, text));
        }
        let digest = Digest::of(&bytes);
        match self.pinned {
            Some(pinned) if pinned != digest => Err(not_pinned(pinned, digest)),
            _ => Ok(Binary { bytes, digest }),
        }
    }
}

/// Reads one byte more than is allowed, so that a file that is too large, or has no end, is noticed.
fn read_file(path: &Path, most: ByteSize) -> Result<Bytes, Error> {
    let unreadable =
        |error| Error::new(ErrorKind::Config, "cannot read the plugin's file").with_source(error);
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(most.get().saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes.into())
}

fn not_pinned(pinned: Digest, found: Digest) -> Error {
    let text = format!(
        "is not the pinned file: expected {pinned}, found {found}; \
         pin the new digest if the change is wanted"
    );
    Error::new(ErrorKind::PluginRejected, text)
}
