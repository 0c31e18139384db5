//! Replacement of a file as a whole.

use std::{fs, io, path::Path};

/// Replaces a file, so that a running process reads the old text or the new one and nothing between. The
/// mode stays.
pub(crate) fn replace_file(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_added_extension(format!("{}.tmp", std::process::id()));
    fs::write(&unfinished, text)?;
    let renamed = match fs::metadata(path) {
        Ok(known) => fs::set_permissions(&unfinished, known.permissions()),
        Err(_) => Ok(()),
    };
    let renamed = renamed.and_then(|()| fs::rename(&unfinished, path));
    if renamed.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    renamed
}
