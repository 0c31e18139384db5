//! Unix sockets: made so that nobody but their owner connects, and removed by who made them.

use std::{
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use cloakroom_core::{Error, ErrorKind};
use tokio::net::{UnixListener, UnixStream};

/// Read and write, for the owner alone.
const MODE: u32 = 0o600;

/// A socket's file, removed when this is dropped.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Device and number: whoever else takes the path keeps what is there.
    identity: (u64, u64),
}

/// Listens at a path, in place of a socket that nobody listens to any more.
///
/// # Errors
/// `Config` if the folder is not there, if something else than a socket is at the path, or if somebody
/// listens there.
pub(super) async fn bind(path: &Path) -> Result<(UnixListener, SocketFile), Error> {
    let refuse = |text: String| Error::new(ErrorKind::Config, text);
    let shown = path.display();
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(refuse(format!("cannot look at `{shown}`")).with_source(error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(refuse(format!(
                "`{shown}` is there and is no socket: remove it, or listen elsewhere"
            )));
        }
        Ok(_) => match UnixStream::connect(path).await {
            Ok(_) => {
                return Err(refuse(format!(
                    "another process listens at `{shown}`: end it, or listen elsewhere"
                )));
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(error) => {
                let text = format!("cannot tell whether another process listens at `{shown}`");
                return Err(refuse(text).with_source(error));
            }
        },
    }
    let made = make(path);
    made.map_err(|error| refuse(format!("cannot listen at `{shown}`")).with_source(error))
}

/// Makes the socket in a folder that nobody else can enter, and moves it when its mode is set: at the
/// path itself, others could connect before that. The move replaces a socket that was left behind.
fn make(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut name = [0; 4];
    aws_lc_rs::rand::fill(&mut name).map_err(|_| io::Error::other("no randomness"))?;
    let aside = parent.join(format!(".cloakroom-{:08x}", u32::from_be_bytes(name)));
    DirBuilder::new().mode(0o700).create(&aside)?;
    let made = || {
        let first = aside.join("s");
        let listener = UnixListener::bind(&first)?;
        fs::set_permissions(&first, Permissions::from_mode(MODE))?;
        let identity = identity(&first)?;
        fs::rename(&first, path).inspect_err(|_| drop(fs::remove_file(&first)))?;
        Ok((listener, SocketFile { path: path.to_owned(), identity }))
    };
    let made = made();
    let _ = fs::remove_dir(&aside);
    made
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|there| there == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}
