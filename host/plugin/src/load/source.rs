//! Sources of plugins: a file, or bytes.

use std::{
    fmt, fs,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use cloakroom_core::{ByteSize, Error, ErrorKind, Remedy};

use super::digest::Digest;

/// Source of a plugin: a file or bytes, and the name that errors and logs give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    name: Arc<str>,
    location: Location,
    pinned: Option<Digest>,
}

#[derive(Clone, PartialEq, Eq)]
enum Location {
    Bytes(Bytes),
    File(PathBuf),
    /// A file that was read already.
    ReadFile(PathBuf, Bytes),
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::File(path) | Self::ReadFile(path, _) => path.fmt(f),
        }
    }
}

/// Bytes of a plugin, which have the pinned digest if there is one.
pub(super) struct PluginBytes {
    pub(super) bytes: Bytes,
    pub(super) digest: Digest,
}

impl Source {
    /// Returns a file as a source. It is read when the plugin is loaded, and named by its stem.
    #[must_use]
    pub fn file(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Self { name: Arc::from(&*name), location: Location::File(path.to_owned()), pinned: None }
    }

    /// Returns bytes as a source.
    #[must_use]
    pub fn bytes(name: &str, bytes: impl Into<Bytes>) -> Self {
        Self { name: Arc::from(name), location: Location::Bytes(bytes.into()), pinned: None }
    }

    /// Sets the name.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        self.name = Arc::from(name);
        self
    }

    /// Sets the digest that the bytes must have.
    #[must_use]
    pub fn with_digest(mut self, digest: Digest) -> Self {
        self.pinned = Some(digest);
        self
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn path(&self) -> Option<&Path> {
        match &self.location {
            Location::Bytes(_) => None,
            Location::File(path) | Location::ReadFile(path, _) => Some(path),
        }
    }

    /// Reads the bytes, and returns the source with them: a check of the bytes then holds for what is
    /// loaded, whoever changes the file meanwhile. Blocks if the source is a file.
    ///
    /// # Errors
    /// `Config` if the file cannot be read. `PluginRejected` if it is larger than `limit`, or has another
    /// digest than the pinned one.
    pub fn read_now(mut self, limit: ByteSize) -> Result<(Self, Bytes), Error> {
        let bytes = self.read(limit).map_err(|error| self.add_context(error))?.bytes;
        self.location = match self.location {
            Location::File(path) => Location::ReadFile(path, bytes.clone()),
            read => read,
        };
        Ok((self, bytes))
    }

    /// Adds the plugin's name, and its file, to an error.
    pub(super) fn add_context(&self, error: Error) -> Error {
        let error = error.in_plugin(&self.name);
        match self.path() {
            Some(path) => error.in_file(path),
            None => error,
        }
    }

    /// Reads the bytes. Blocks if the source is a file.
    ///
    /// # Errors
    /// `Config` if the file cannot be read. `PluginRejected` if it is larger than `limit`, or has another
    /// digest than the pinned one.
    pub(super) fn read(&self, limit: ByteSize) -> Result<PluginBytes, Error> {
        let bytes = match &self.location {
            Location::Bytes(bytes) | Location::ReadFile(_, bytes) => bytes.clone(),
            Location::File(path) => read_file(path, limit)?,
        };
        if bytes.len() > limit.as_usize() {
            let text = format!(
                "the file has {} bytes or more, and a plugin has at most {limit}",
                bytes.len()
            );
            let error = Error::new(ErrorKind::PluginRejected, text);
            return Err(error.with_remedies(&[Remedy::ComponentSize]));
        }
        // Also without a pin: the digest is the name of the code in the cache.
        let digest = Digest::sha256(&bytes);
        match self.pinned {
            Some(pinned) if pinned != digest => Err(not_pinned(pinned, digest)),
            _ => Ok(PluginBytes { bytes, digest }),
        }
    }
}

/// Reads at most one byte more than is allowed: the path may be a device that never ends.
fn read_file(path: &Path, limit: ByteSize) -> Result<Bytes, Error> {
    let unreadable =
        |error| Error::new(ErrorKind::Config, "cannot read the plugin's file").with_source(error);
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(limit.get().saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes.into())
}

fn not_pinned(pinned: Digest, found: Digest) -> Error {
    let text = format!(
        "is not the pinned file: expected {pinned}, found {found}; \
         pin the new digest if the change is wanted"
    );
    Error::new(ErrorKind::PluginRejected, text)
}
