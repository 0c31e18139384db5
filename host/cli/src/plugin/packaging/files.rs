//! Files that these commands read and write.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use crate::failure::Failure;
pub(super) use crate::plugin::local_copy::COMPONENT;

/// Reads a file of at most `most` bytes.
pub(super) fn read(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
    read.map_err(|error| Failure::io(error, format!("cannot read `{}`", path.display())))?;
    if bytes.len() as u64 > most {
        let text = format!("`{}` has more than {most} bytes", path.display());
        return Err(Failure::usage(text));
    }
    Ok(bytes)
}

/// Reads a text, such as a key.
pub(super) fn read_text(path: &Path) -> Result<String, Failure> {
    let bytes = read(path, 64 << 10)?;
    String::from_utf8(bytes).map_err(|_| Failure::usage(format!("`{}` is no text", path.display())))
}

/// Writes a new file with this mode.
///
/// # Errors
/// If it is there already: a key is never replaced.
pub(super) fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    file.and_then(|mut file| file.write_all(bytes)).map_err(|error| unwritten(path, error))
}

/// Replaces a file: whoever reads it meanwhile has the old one or the new one whole.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let unfinished = path.with_added_extension(format!("{}.tmp", std::process::id()));
    let written = fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written.map_err(|error| unwritten(path, error))
}

/// Returns the file of signatures beside a plugin.
pub(super) fn beside(path: &Path) -> PathBuf {
    path.with_added_extension("sig")
}

fn unwritten(path: &Path, error: io::Error) -> Failure {
    Failure::io(error, format!("cannot write `{}`", path.display()))
}
