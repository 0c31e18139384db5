//! Local copies of plugins, by the digest of their manifests.
//!
//! A copy is no more trusted than a registry: whoever can write to the folder could change it. So nobody
//! has to keep others out of the folder, as with compiled code. Instead manifest and component are hashed
//! each time they are read, and the bytes that were hashed are the bytes that are loaded.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use bytes::Bytes;
use cloakroom_core::{ByteSize, Error, ErrorKind};

use crate::{
    artifact::Artifact,
    digest::Digest,
    manifest::MAX_MANIFEST,
    private_file::{create_folder, read, write},
};

/// Names of the files of a copy.
const MANIFEST: &str = "manifest.json";
const COMPONENT: &str = "component.wasm";

/// Folder of local copies.
#[derive(Clone, Debug)]
pub struct LocalCopies {
    folder: PathBuf,
}

impl LocalCopies {
    /// Returns the copies in a folder. It is made when the first copy is kept.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Returns the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the folder of one copy.
    #[must_use]
    pub fn path(&self, digest: Digest) -> PathBuf {
        self.folder.join("sha256").join(digest.hex())
    }

    /// Returns whether there is a copy. It is not read.
    #[must_use]
    pub fn contains(&self, digest: Digest) -> bool {
        self.path(digest).join(COMPONENT).exists()
    }

    /// Reads a copy, and checks it as if it came from the registry. Blocks.
    ///
    /// # Errors
    /// `NotFound` if there is none. `Config` if a file cannot be read. `Corrupt` if it was changed.
    /// `PluginRejected` if it is no plugin of at most `largest` bytes.
    pub fn read(&self, digest: Digest, largest: ByteSize) -> Result<Artifact, Error> {
        let folder = self.path(digest);
        let read = |name, most| {
            let path = folder.join(name);
            read(&path, most).map(Bytes::from).map_err(|error| unread(&path, error))
        };
        // One byte more than is allowed, so that the check of the size sees that it is too large.
        let raw = read(MANIFEST, MAX_MANIFEST as u64)?;
        let (digest, manifest) = Artifact::check_manifest(&raw, Some(digest), largest)
            .map_err(|error| error.in_file(&folder.join(MANIFEST)))?;
        let component = read(COMPONENT, manifest.size())?;
        Artifact::new(digest, raw, manifest, component)
            .map_err(|error| error.in_file(&folder.join(COMPONENT)))
    }

    /// Keeps a copy, in place of a damaged one if there is one. Blocks.
    ///
    /// # Errors
    /// `Config` if it cannot be written.
    pub fn keep(&self, artifact: &Artifact) -> Result<PathBuf, Error> {
        let (digest, largest) = (artifact.digest(), ByteSize::bytes(artifact.manifest().size()));
        let folder = self.path(digest);
        if self.read(digest, largest).is_ok() {
            return Ok(folder);
        }
        self.write(artifact, &folder).map_err(|error| {
            let text = format!("cannot keep a copy of the plugin in `{}`", self.folder.display());
            Error::new(ErrorKind::Config, text).with_source(error)
        })?;
        Ok(folder)
    }

    fn write(&self, artifact: &Artifact, folder: &Path) -> io::Result<()> {
        static WRITERS: AtomicUsize = AtomicUsize::new(0);
        let writer = WRITERS.fetch_add(1, Relaxed);
        let unfinished = folder.with_extension(format!("{}-{writer}.tmp", std::process::id()));
        // A process of the same number that was killed may have left one.
        let _ = fs::remove_dir_all(&unfinished);
        create_folder(&unfinished)?;
        let written = write(&unfinished.join(MANIFEST), artifact.raw_manifest())
            .and_then(|()| write(&unfinished.join(COMPONENT), artifact.component()))
            .and_then(|()| replace(&unfinished, folder));
        if written.is_err() {
            let _ = fs::remove_dir_all(&unfinished);
        }
        written
    }
}

/// Gives a whole copy its name. If two processes write the same one, the first rename wins, and the
/// second finds a folder that is not empty and removes it first.
fn replace(unfinished: &Path, folder: &Path) -> io::Result<()> {
    if fs::rename(unfinished, folder).is_ok() {
        return Ok(());
    }
    match fs::symlink_metadata(folder) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(folder)?,
        Ok(_) => fs::remove_file(folder)?,
        Err(_) => {}
    }
    fs::rename(unfinished, folder)
}

fn unread(path: &Path, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::NotFound {
        return Error::new(ErrorKind::NotFound, "there is no local copy of the plugin");
    }
    let text = "cannot read the local copy of the plugin";
    Error::new(ErrorKind::Config, text).with_source(error).in_file(path)
}

#[cfg(test)]
mod tests;
