//! Files of local copies: bounded, and never a link or a device.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

/// Reads a file of at most `most` bytes. Of a longer one it returns one byte more.
///
/// # Errors
/// The system's error, or one that says that it is a link or no file: whoever can write to the folder
/// could otherwise have a pipe opened that never ends, or a file that another program may read.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let named = fs::symlink_metadata(path)?;
    let refused = |why| Err(io::Error::new(io::ErrorKind::InvalidData, why));
    if !named.is_file() {
        return refused("it is a link, a folder or a device");
    }
    let file = fs::File::open(path)?;
    let opened = file.metadata()?;
    if (opened.dev(), opened.ino()) != (named.dev(), named.ino()) {
        return refused("it was replaced while it was opened");
    }
    let mut bytes = Vec::new();
    // The reported size is no bound: the file may grow while it is read.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a new file that everybody may read.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
    file.write_all(bytes)?;
    // The folder is renamed to its digest next: a crash must not leave a name without its bytes.
    file.sync_all()
}

/// Makes a folder, and those above it, that nobody but this user can write to.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o755).create(path)
}
