//! Unix sockets that only their owner can connect to.

use std::{
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use cloakroom_core::{Error, ErrorKind};
use tokio::net::{UnixListener, UnixStream};

/// Mode of the socket: its owner, and root, may connect.
const MODE: u32 = 0o600;

/// File of a socket, removed on drop.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Device and inode. If another process has taken the path since, its file stays.
    identity: (u64, u64),
}

/// Listens at a path. Replaces a socket that no process listens to any more.
///
/// # Errors
/// `Config` if the folder does not exist, if the path is something other than a socket, or if
/// another process listens there.
pub(super) async fn bind(path: &Path) -> Result<(UnixListener, SocketFile), Error> {
    let refuse = |text: String| Error::new(ErrorKind::Config, text);
    let shown = path.display();
    // A link is not followed, so it is refused like any file that is not a socket.
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            return Err(refuse(format!("cannot read the metadata of `{shown}`")).with_source(error));
        }
        Ok(found) if !found.file_type().is_socket() => {
            return Err(refuse(format!(
                "`{shown}` exists and is not a socket: remove it, or listen elsewhere"
            )));
        }
        Ok(_) => match UnixStream::connect(path).await {
            Ok(_) => {
                return Err(refuse(format!(
                    "another process listens at `{shown}`: end it, or listen elsewhere"
                )));
            }
            // The file of a socket outlives its process. Only this shows that nobody listens any
            // more.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(error) => {
                let text = format!("cannot tell whether another process listens at `{shown}`");
                return Err(refuse(text).with_source(error));
            }
        },
    }
    let created = create(path);
    created.map_err(|error| {
        let text = format!(
            "cannot listen at `{shown}`: its folder must exist, and let the user of this process \
             write"
        );
        refuse(text).with_source(error)
    })
}

/// Creates the socket in a private folder, and moves it to its path once its mode is set.
///
/// `bind` creates the file with the mode that the umask gives, so at its final path others could
/// connect before `chmod`. Changing the umask instead would affect every thread of the process. The
/// move also replaces a stale socket atomically.
fn create(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut name = [0; 4];
    aws_lc_rs::rand::fill(&mut name)
        .map_err(|_| io::Error::other("the system has no randomness"))?;
    let private = parent.join(format!(".cloakroom-{:08x}", u32::from_be_bytes(name)));
    DirBuilder::new().mode(0o700).create(&private)?;
    let bind = || {
        let temporary = private.join("s");
        let listener = UnixListener::bind(&temporary)?;
        fs::set_permissions(&temporary, Permissions::from_mode(MODE))?;
        let identity = identity(&temporary)?;
        fs::rename(&temporary, path).inspect_err(|_| drop(fs::remove_file(&temporary)))?;
        Ok((listener, SocketFile { path: path.to_owned(), identity }))
    };
    let bound = bind();
    let _ = fs::remove_dir(&private);
    bound
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|found| found == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}
