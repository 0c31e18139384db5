//! Check that nobody but this user and root can write to a folder.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Component, Path, PathBuf, absolute},
};

use super::group;

/// Links that a path may lead through, as many as Linux follows.
const LINKS: usize = 40;

pub(super) fn create(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Refuses a folder that others may write to, and one whose path others could lead elsewhere: each
/// folder above it, and each folder that a link leads through, must belong to this user or to root
/// and be writable by nobody else. A sticky one, such as `/tmp`, may be above it: what lies there
/// can be replaced by its owner alone. The group of one user alone is that user.
pub(super) fn check(folder: &Path) -> io::Result<()> {
    let user = rustix::process::geteuid().as_raw();
    let mut names = names(&absolute(folder)?);
    let (mut real, mut links) = (PathBuf::from("/"), 0);
    check_one(&real, user, names.is_empty())?;
    while let Some(name) = names.pop() {
        if name.as_os_str() == ".." {
            real.pop();
            continue;
        }
        let next = real.join(name);
        let found = fs::symlink_metadata(&next)?;
        if found.is_symlink() {
            links += 1;
            if links > LINKS {
                return Err(io::Error::other("too many links"));
            }
            if !is_ours(found.uid(), user) {
                return Err(refusal(&next, "belongs to another user", "remove"));
            }
            let target = fs::read_link(&next)?;
            if target.is_absolute() {
                real = PathBuf::from("/");
            }
            names.extend(self::names(&target));
        } else {
            real = next;
            check_one(&real, user, names.is_empty())?;
        }
    }
    Ok(())
}

/// Returns the names of a path, the last one first.
fn names(path: &Path) -> Vec<PathBuf> {
    let name = |part: Component<'_>| match part {
        Component::Normal(name) => Some(PathBuf::from(name)),
        Component::ParentDir => Some(PathBuf::from("..")),
        _ => None,
    };
    path.components().rev().filter_map(name).collect()
}

fn check_one(folder: &Path, user: u32, is_last: bool) -> io::Result<()> {
    let found = fs::symlink_metadata(folder)?;
    let is_group_alone = found.mode() & GROUP_WRITES != 0 && group::is_alone(found.gid(), user);
    let mode = if is_group_alone { found.mode() & !GROUP_WRITES } else { found.mode() };
    if is_private(found.uid(), mode, user) {
        return Ok(());
    }
    if is_last {
        return Err(refusal(folder, "others may write to it", "`chmod 700`"));
    }
    if is_ours(found.uid(), user) && found.mode() & STICKY != 0 {
        return Ok(());
    }
    Err(refusal(folder, "others may write to this folder above it", "`chmod go-w`"))
}

const STICKY: u32 = 0o1000;
const GROUP_WRITES: u32 = 0o020;

fn is_ours(owner: u32, user: u32) -> bool {
    owner == user || owner == 0
}

/// Returns whether nobody can write to a file or folder of this owner and mode but this user, and
/// root, which could anyway: images are filled by root, and used by others.
pub(super) fn is_private(owner: u32, mode: u32, user: u32) -> bool {
    is_ours(owner, user) && mode & 0o022 == 0
}

fn refusal(path: &Path, why: &str, remedy: &str) -> io::Error {
    let text = format!(
        "`{}`: {why}, and what is in the cache will be run: {remedy} it as the user who runs this, or \
         choose another folder",
        path.display()
    );
    io::Error::new(io::ErrorKind::PermissionDenied, text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_folder_is_private_to_its_user_and_to_root() {
        assert!(is_private(1000, 0o700, 1000));
        assert!(is_private(0, 0o755, 1000));
        for (owner, mode) in [(1000, 0o720), (1000, 0o702), (0, 0o775), (1001, 0o700)] {
            assert!(!is_private(owner, mode, 1000), "{owner} {mode:o}");
        }
    }

    fn folder(path: &Path, mode: u32) {
        fs::create_dir(path).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn the_whole_path_counts() {
        // Below the temporary folder, which is sticky.
        let home = std::env::temp_dir().join(format!("cloakroom-private-{}", std::process::id()));
        folder(&home, 0o755);
        for (name, mode) in [("open", 0o777), ("group", 0o775), ("sticky", 0o1777), ("own", 0o755)]
        {
            folder(&home.join(name), mode);
            folder(&home.join(name).join("cache"), 0o700);
        }
        symlink(home.join("own/cache"), home.join("open/link")).unwrap();
        symlink("../own", home.join("sticky/link")).unwrap();
        let refused = |path: &str| check(&home.join(path)).map_err(|error| error.to_string());
        assert_eq!(refused("own/cache"), Ok(()));
        assert_eq!(refused("sticky/cache"), Ok(()));
        assert_eq!(refused("sticky/link/cache"), Ok(()));
        assert_eq!(refused("own/../sticky/cache"), Ok(()));
        let (group, user) = (rustix::process::getegid(), rustix::process::geteuid());
        let is_alone = group::is_alone(group.as_raw(), user.as_raw());
        assert_eq!(refused("group/cache").is_ok(), is_alone);
        for path in ["open/cache", "open/link", "open/../own/cache"] {
            let error = refused(path).unwrap_err();
            assert!(error.contains("folder above it") && error.contains("chmod go-w"), "{error}");
        }
        assert!(refused("sticky").unwrap_err().contains("chmod 700"));
        fs::remove_dir_all(home).unwrap();
    }
}
