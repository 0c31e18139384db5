//! Compiled components on disk, so that the second start does not compile.
//!
//! What is loaded from here is machine code that runs with this process's rights. Therefore the
//! folder must belong to this process's user, or to root, and be writable by nobody else, and each
//! file must have the digest that was noted when it was written.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use wasmtime::Engine;

use crate::source::Digest;

/// A folder of compiled components.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    /// Stands in the names of the files that this engine wrote: same compiler, same settings, same
    /// processor.
    engine: String,
}

impl Cache {
    pub(crate) fn open(folder: PathBuf, engine: &Engine) -> io::Result<Self> {
        create_private(&folder)?;
        check_private(&folder)?;
        Ok(Self { folder, engine: fingerprint(engine) })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The files with a component's code that are whole: what this engine wrote, then what others
    /// did. Whether it can be loaded is for the engine to say: what was compiled for a processor that
    /// has less than this one can.
    pub(crate) fn find(&self, component: Digest) -> impl Iterator<Item = PathBuf> {
        let (own, _) = self.paths(component);
        let others = self.others(component).filter({
            let own = own.clone();
            move |path| *path != own
        });
        std::iter::once(own).chain(others).filter(|code| is_whole(code))
    }

    /// The folder is looked through only if this is polled.
    fn others(&self, component: Digest) -> impl Iterator<Item = PathBuf> {
        let (folder, start) = (self.folder.clone(), format!("{}-", component.hex()));
        std::iter::once_with(move || fs::read_dir(folder))
            .flatten()
            .flatten()
            .filter_map(Result::ok)
            .filter(move |entry| entry.file_name().to_string_lossy().starts_with(&start))
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == CODE))
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
        let code = self.folder.join(format!("{stem}.{CODE}"));
        let note = code.with_extension(NOTE);
        (code, note)
    }
}

/// How files of code end, and the notes of their digests.
const CODE: &str = "cwasm";
const NOTE: &str = "sha256";

/// Returns whether a file of code has the digest that was noted when it was written.
fn is_whole(code: &Path) -> bool {
    let noted = fs::read_to_string(code.with_extension(NOTE));
    let found = fs::read(code).map(|bytes| Digest::of(&bytes).to_string());
    noted.is_ok_and(|noted| found.is_ok_and(|found| noted == found))
}

#[cfg(feature = "compiler")]
pub(crate) fn fingerprint(engine: &Engine) -> String {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// An engine without a compiler has no fingerprint, and writes nothing.
#[cfg(not(feature = "compiler"))]
pub(crate) fn fingerprint(_: &Engine) -> String {
    "none".to_owned()
}

/// Writes a file that other threads and processes see whole or not at all.
fn appear(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Hosts of one process may write the same file at once: each needs a name of its own.
    static WRITERS: AtomicUsize = AtomicUsize::new(0);
    let writer = WRITERS.fetch_add(1, Relaxed);
    let unfinished = path.with_extension(format!("{}-{writer}.tmp", std::process::id()));
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
    if is_private(found.uid(), found.mode(), rustix::process::geteuid().as_raw()) {
        return Ok(());
    }
    let text = "others may write to it, and what is in it will be run: \
                `chmod 700` it as the user who runs this, or choose another";
    Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
}

/// Whether nobody can write to a folder of this owner and mode but this user, and root, which could
/// anyway: images are filled by root, and used by others.
#[cfg(unix)]
fn is_private(owner: u32, mode: u32, user: u32) -> bool {
    (owner == user || owner == 0) && mode & 0o022 == 0
}

#[cfg(not(unix))]
fn create_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(not(unix))]
fn check_private(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_private_to_its_user_and_to_root() {
        assert!(is_private(1000, 0o700, 1000));
        assert!(is_private(0, 0o755, 1000));
        for (owner, mode) in [(1000, 0o720), (1000, 0o702), (0, 0o775), (1001, 0o700)] {
            assert!(!is_private(owner, mode, 1000), "{owner} {mode:o}");
        }
    }
}
