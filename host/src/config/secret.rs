//! Secrets, read from a variable or a file.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use cloakroom_core::{Error, ErrorKind};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::unreadable;

/// Place of a secret, which is never the configuration itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table such as { env = \"NAME\" } or { file = \"PATH\" }: keys are never written into this file"
)]
pub(crate) struct Secret {
    pub(crate) env: Option<String>,
    pub(crate) file: Option<PathBuf>,
}

/// Reads a secret. `hint` describes the expected value, for the error of a missing variable.
pub(crate) fn read_secret(
    place: &str,
    secret: &Secret,
    folder: &Path,
    hint: &str,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    match (&secret.env, &secret.file) {
        (Some(name), None) => {
            let value = env::var_os(name).ok_or_else(|| {
                config(format!("{place}: the environment has no variable `{name}`{hint}"))
            })?;
            Ok(Zeroizing::new(value.into_encoded_bytes()))
        }
        (None, Some(path)) => {
            let path = folder.join(path);
            check_mode(place, &path)?;
            let read = fs::read(&path).map_err(|error| {
                config(format!("{place}: {}", unreadable::message(&path, &error)))
                    .with_source(error)
            })?;
            Ok(Zeroizing::new(read))
        }
        _ => Err(config(format!("{place}: give one of `env` and `file`"))),
    }
}

/// Refuses a file that others could replace: whoever writes a key set chooses which tokens are good.
///
/// # Errors
/// `Config` if the group or others can write to it.
pub(crate) fn refuse_writable(place: &str, path: &Path) -> Result<(), Error> {
    let mode = mode(path);
    if mode & 0o022 == 0 {
        return Ok(());
    }
    Err(config(format!(
        "{place}: others can write to `{}` (mode {mode:o}), and so replace what it holds: \
         `chmod go-w` it",
        path.display()
    )))
}

/// Refuses a file of a secret that others could replace, and warns of one that everybody can read.
fn check_mode(place: &str, path: &Path) -> Result<(), Error> {
    refuse_writable(place, path)?;
    // Only a warning, because Kubernetes mounts secrets so that everybody in the container can read
    // them.
    if mode(path) & 0o004 != 0 {
        let path = cloakroom_core::clean(&path.display().to_string(), 1024);
        tracing::warn!("{place}: everybody can read the secret in `{path}`: `chmod o-r` it");
    }
    Ok(())
}

/// Returns who may do what with a file. One that is not there is reported by whoever reads it.
#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).map_or(0, |found| found.mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode(_: &Path) -> u32 {
    0
}

fn config(text: String) -> Error {
    Error::new(ErrorKind::Config, text)
}
