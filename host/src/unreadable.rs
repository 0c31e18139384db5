//! Error of a file of the configuration that cannot be read.

use std::{
    io::{self, ErrorKind::*},
    path::Path,
};

use cloakroom_core::{Error, ErrorKind};

/// Returns the error of a file that cannot be read, with what to do.
pub(crate) fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Config, message(path, &error)).with_source(error)
}

/// Returns the text of the error, without its cause.
pub(crate) fn message(path: &Path, error: &io::Error) -> String {
    let advice = match error.kind() {
        NotFound | NotADirectory => ": correct the path",
        PermissionDenied => ": give the user of this process read permission",
        IsADirectory => ": name a file, not a folder",
        InvalidData => ": write it as UTF-8 text",
        _ => "",
    };
    format!("cannot read `{}`{advice}", path.display())
}
