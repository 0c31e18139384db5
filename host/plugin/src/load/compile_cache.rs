//! Compiled components on disk, so that the second start does not compile.
//!
//! What is loaded from here is machine code that runs with this process's rights. Therefore the
//! folder, and those above it, must belong to this process's user, or to root, and be writable by
//! nobody else, and each file must have the digest that was noted when it was written.

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

use crate::load::source::Digest;

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
        private::create(&folder)?;
        private::check(&folder)?;
        Ok(Self { folder, engine: fingerprint(engine) })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The files with a component's code that are whole: what this engine wrote, then what others
    /// did. Whether it can be loaded is for the engine to say: what was compiled for a processor that
    /// has less than this one can.
    pub(crate) fn find(&self, component: Digest) -> impl Iterator<Item = CodeFile> {
        let (own, _) = self.paths(component);
        let others = self.others(component).filter({
            let own = own.clone();
            move |path| *path != own
        });
        std::iter::once(own).chain(others).filter_map(|code| CodeFile::open(code).ok())
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

    /// Keeps a compiled component and opens what it wrote. Another process may do the same at the same
    /// time: each file appears whole or not at all.
    pub(crate) fn keep(&self, component: Digest, compiled: &[u8]) -> io::Result<CodeFile> {
        let (code, note) = self.paths(component);
        appear(&code, compiled)?;
        appear(&note, Digest::of(compiled).to_string().as_bytes())?;
        CodeFile::open(code)
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

/// An open file of code that is whole and that nobody else can write to. What was checked is what is
/// loaded: the path is not opened again.
#[derive(Debug)]
pub(crate) struct CodeFile {
    pub(crate) path: PathBuf,
    pub(crate) file: fs::File,
    pub(crate) bytes: Vec<u8>,
}

impl CodeFile {
    /// Opens a file of code and holds it against the digest that was noted when it was written.
    fn open(path: PathBuf) -> io::Result<Self> {
        let (mut file, size) = open_private(&path)?;
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        file.read_to_end(&mut bytes)?;
        let mut noted = String::new();
        let (note, _) = open_private(&path.with_extension(NOTE))?;
        note.take(128).read_to_string(&mut noted)?;
        if Digest::of(&bytes).to_string() == noted {
            Ok(Self { path, file, bytes })
        } else {
            Err(unusable("its digest is not the one that was noted"))
        }
    }
}

/// Opens a file that this user or root wrote, and returns its size. Links are not followed.
fn open_private(path: &Path) -> io::Result<(fs::File, u64)> {
    let named = fs::symlink_metadata(path)?;
    if !named.is_file() {
        return Err(unusable("it is no file"));
    }
    let file = fs::File::open(path)?;
    let found = file.metadata()?;
    let user = rustix::process::geteuid().as_raw();
    let is_same = (found.dev(), found.ino()) == (named.dev(), named.ino());
    if !is_same || !private::is_private(found.uid(), found.mode(), user) {
        return Err(unusable("others may write to it"));
    }
    if found.len() == 0 {
        return Err(unusable("it is empty"));
    }
    Ok((file, found.len()))
}

fn unusable(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
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
    // Left behind by a process of the same number that was killed.
    let _ = fs::remove_file(&unfinished);
    let written = fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(&unfinished);
    let written = written.and_then(|mut file| file.write_all(bytes));
    let written = written.and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}
