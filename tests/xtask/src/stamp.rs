//! A folder that is made once, and again when what it is made from changes.

use std::{fs, path::Path};

use anyhow::Result;

/// Makes `folder`, unless its stamp says that it was made from `wanted`.
///
/// The stamp is written last: what was broken off is made again.
pub(crate) fn once(folder: &Path, wanted: &str, make: impl FnOnce() -> Result<()>) -> Result<()> {
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    make()?;
    fs::write(stamp, wanted)?;
    Ok(())
}

/// Returns the files of a folder, names and contents, as a text that changes when one of them does.
pub(crate) fn sources(folder: &Path) -> Result<String> {
    let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let mut files: Vec<_> = entries.iter().map(fs::DirEntry::path).collect();
    files.sort();
    let mut text = String::new();
    for file in files.iter().filter(|file| file.is_file()) {
        text += &format!("{}\n{}\n", file.display(), fs::read_to_string(file)?);
    }
    Ok(text)
}
