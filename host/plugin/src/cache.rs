//! Compiled components on disk, so that the second start does not compile.
//!
//! What is loaded from here is machine code that runs with this process's rights. Therefore the
//! folder must belong to this process's user and be writable by nobody else, and each file must have
//! the digest that was noted when it was written.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
};

use wasmtime::Engine;

use crate::source::Digest;

/// A folder of compiled components.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    /// Same compiler, same settings, same processor.
    engine: String,
}

impl Cache {
    pub(crate) fn open(folder: PathBuf, engine: &Engine) -> io::Result<Self> {
        create_private(&folder)?;
        check_private(&folder)?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self { folder, engine: format!("{:016x}", hasher.finish()) })
    }

    /// The file of a component, if it is there and whole.
    pub(crate) fn find(&self, component: Digest) -> Option<PathBuf> {
        let (code, note) = self.paths(component);
        let noted = fs::read_to_string(note).ok()?;
        let found = Digest::of(&fs::read(&code).ok()?);
        (noted == found.to_string()).then_some(code)
    }

    /// Keeps a compiled component. Another process may do the same at the same time: each file
    /// appears whole or not at all.
    pub(crate) fn keep(&self, component: Digest, compiled: &[u8]) -> io::Result<PathBuf> {
        let (code, note) = self.paths(component);
        appear(&code, compiled)?;
        appear(&note, Digest::of(compiled).to_string().as_bytes())?;
        Ok(code)
    }

    fn paths(&self, component: Digest) -> (PathBuf, PathBuf) {
        let stem = format!("{}-{}", component.hex(), self.engine);
        (self.folder.join(format!("{stem}.cwasm")), self.folder.join(format!("{stem}.sha256")))
    }
}

fn appear(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&unfinished, bytes)?;
    fs::rename(&unfinished, path)
}

#[cfg(unix)]
fn create_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(unix)]
fn check_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let found = fs::metadata(folder)?;
    let ours = found.uid() == rustix::process::geteuid().as_raw();
    if ours && found.mode() & 0o022 == 0 {
        return Ok(());
    }
    let text =
        "others may write to it, and what is in it will be run: `chmod 700` it, or choose another";
    Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
}

#[cfg(not(unix))]
fn create_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(not(unix))]
fn check_private(_folder: &Path) -> io::Result<()> {
    Ok(())
}
