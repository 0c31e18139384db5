//! Check that nobody else can read, write or replace a folder.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

/// Refuses a folder that somebody else could read, write or replace.
///
/// # Errors
/// The reason, with what to do.
pub(crate) fn check(folder: &Path) -> Result<(), String> {
    let failed = |error: io::Error| error.kind().to_string();
    // A link is not followed, because its owner could point it elsewhere after this check.
    let found = fs::symlink_metadata(folder).map_err(failed)?;
    if found.is_symlink() {
        return Err("it is a link: name the folder itself".to_owned());
    }
    if !found.is_dir() {
        return Err("it is a file: name a folder".to_owned());
    }
    if found.mode() & 0o077 != 0 {
        return Err("others can read it (`chmod 700`)".to_owned());
    }
    let user = user(folder).map_err(failed)?;
    if found.uid() != user {
        return Err("it belongs to another user (`chown` it, or choose another)".to_owned());
    }
    let folder = folder.canonicalize().map_err(failed)?;
    match open_parent(&folder, user) {
        Some(open) => {
            Err(format!("others can replace it, since they can write to `{}`", open.display()))
        }
        None => Ok(()),
    }
}

/// Returns the user of this process, who owns the files that it makes.
fn user(folder: &Path) -> io::Result<u32> {
    // The standard library does not tell the user's id, and this crate forbids `unsafe` code. So a
    // file shows it.
    let path = folder.join(format!("{}.part", std::process::id()));
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path)?;
    let user = file.metadata().map(|found| found.uid());
    fs::remove_file(path)?;
    user
}

/// Returns the first parent folder in which somebody else could replace this one. In a sticky
/// folder, such as `/tmp`, nobody can.
fn open_parent(folder: &Path, user: u32) -> Option<&Path> {
    let is_open = |path: &&Path| {
        fs::metadata(path).is_ok_and(|found| {
            let foreign = found.uid() != user && found.uid() != 0;
            foreign || (found.mode() & 0o022 != 0 && found.mode() & 0o1000 == 0)
        })
    };
    folder.ancestors().skip(1).find(is_open)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_folder_that_others_could_replace_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let (folder, link) = (home.path().join("objects"), home.path().join("link"));
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        fs::create_dir(&folder).unwrap();
        mode(&folder, 0o700);
        assert_eq!(check(&folder), Ok(()));
        mode(home.path(), 0o777);
        assert!(check(&folder).unwrap_err().contains("can replace it"));
        mode(home.path(), 0o700);
        symlink(&folder, &link).unwrap();
        assert!(check(&link).unwrap_err().contains("is a link"));
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(check(&file).unwrap_err().contains("is a file"));
        mode(&folder, 0o750);
        assert!(check(&folder).unwrap_err().contains("chmod 700"));
    }
}
