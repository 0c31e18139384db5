//! Cache of compiled components on disk, so that the second start does not compile.
//!
//! Its files are machine code that runs with the rights of this process, and `wasmtime` does not check
//! them. So the folder, and all folders above it, must belong to this process's user or to root and be
//! writable by nobody else, and each file must have the digest that was noted when it was written.

mod group;
mod private;

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use wasmtime::Engine;

use super::digest::Digest;

/// Folder of compiled components.
#[derive(Debug)]
pub(crate) struct CompileCache {
    folder: PathBuf,
    /// Part of the names of files that this engine can load: same compiler, same settings, same
    /// processor.
    engine: String,
}

impl CompileCache {
    /// Opens a folder, and makes it if need be.
    ///
    /// # Errors
    /// The system's error if it cannot be made, or an error that says who else may write to it.
    pub(crate) fn open(folder: PathBuf, engine: &Engine) -> io::Result<Self> {
        private::create(&folder)?;
        private::check(&folder)?;
        Ok(Self { folder, engine: fingerprint(engine) })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the intact files with a component's code: first the one that this engine wrote, then others.
    /// The engine decides which it can load: code for a processor with fewer features works, too.
    pub(super) fn find(&self, component: Digest) -> impl Iterator<Item = CompiledFile> {
        let (own, _) = self.paths(component, &self.engine);
        let others = self.others(component).filter({
            let own = own.clone();
            move |path| *path != own
        });
        std::iter::once(own).chain(others).filter_map(|code| CompiledFile::open(code).ok())
    }

    /// Returns the intact file with a component's code for one kind of engines, by their fingerprint.
    pub(super) fn find_for(&self, component: Digest, engine: &str) -> Option<CompiledFile> {
        let (code, _) = self.paths(component, engine);
        CompiledFile::open(code).ok()
    }

    /// Returns the files of other engines. The folder is read only if the iterator is used.
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

    /// Writes a compiled component for the engines of a fingerprint, and opens the file. Another process may write the same one at the same
    /// time: each file appears whole or not at all.
    ///
    /// # Errors
    /// The system's error if a file cannot be written.
    pub(super) fn store(
        &self,
        component: Digest,
        engine: &str,
        compiled: &[u8],
    ) -> io::Result<CompiledFile> {
        let (code, note) = self.paths(component, engine);
        // The code first: code without a note is not loaded, and a note alone is harmless.
        write_atomically(&code, compiled)?;
        write_atomically(&note, Digest::sha256(compiled).to_string().as_bytes())?;
        CompiledFile::open(code)
    }

    fn paths(&self, component: Digest, engine: &str) -> (PathBuf, PathBuf) {
        // Both digests are in the name: of what was compiled, and of what compiled it.
        let stem = format!("{}-{engine}", component.hex());
        let code = self.folder.join(format!("{stem}.{CODE}"));
        let note = code.with_extension(NOTE);
        (code, note)
    }
}

/// Extensions of files of code, and of the notes with their digests.
const CODE: &str = "cwasm";
const NOTE: &str = "sha256";

/// Open file of code that is intact and that nobody else can write to. The path is not opened again, so
/// that what was checked is what is loaded.
#[derive(Debug)]
pub(super) struct CompiledFile {
    pub(super) path: PathBuf,
    pub(super) file: fs::File,
    pub(super) bytes: Vec<u8>,
}

impl CompiledFile {
    /// Opens a file of code, and compares it with the digest that was noted when it was written.
    fn open(path: PathBuf) -> io::Result<Self> {
        let (mut file, size) = open_private(&path)?;
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        file.read_to_end(&mut bytes)?;
        let mut noted = String::new();
        let (note, _) = open_private(&path.with_extension(NOTE))?;
        note.take(128).read_to_string(&mut noted)?;
        if Digest::sha256(&bytes).to_string() == noted {
            Ok(Self { path, file, bytes })
        } else {
            Err(invalid("its digest is not the one that was noted"))
        }
    }
}

/// Opens a file that this user or root wrote, and returns its size. Links are refused.
fn open_private(path: &Path) -> io::Result<(fs::File, u64)> {
    let named = fs::symlink_metadata(path)?;
    if !named.is_file() {
        return Err(invalid("it is no file"));
    }
    let file = fs::File::open(path)?;
    let opened = file.metadata()?;
    let user = rustix::process::geteuid().as_raw();
    // Between the two calls another user could have put a link there.
    let is_same = (opened.dev(), opened.ino()) == (named.dev(), named.ino());
    if !is_same || !private::is_private(opened.uid(), opened.mode(), user) {
        return Err(invalid("others may write to it"));
    }
    if opened.len() == 0 {
        return Err(invalid("it is empty"));
    }
    Ok((file, opened.len()))
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Returns a name for everything that decides whether an engine can load code: version, settings, target.
#[cfg(feature = "compiler")]
pub(super) fn fingerprint(engine: &Engine) -> String {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Returns a name that no file has: an engine without a compiler writes nothing.
#[cfg(not(feature = "compiler"))]
pub(super) fn fingerprint(_: &Engine) -> String {
    "none".to_owned()
}

/// Writes a file that other threads and processes see whole or not at all.
fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Hosts of one process may write the same file at once: each needs a name of its own.
    static WRITERS: AtomicUsize = AtomicUsize::new(0);
    let writer = WRITERS.fetch_add(1, Relaxed);
    let unfinished = path.with_extension(format!("{}-{writer}.tmp", std::process::id()));
    // A process of the same number that was killed may have left one.
    let _ = fs::remove_file(&unfinished);
    let written = fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(&unfinished);
    let written = written.and_then(|mut file| file.write_all(bytes));
    let written = written.and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}
