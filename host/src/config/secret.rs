//! Secrets, read from where the file says they are kept.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use cloakroom_core::{Error, ErrorKind};
use serde::Deserialize;
use zeroize::Zeroizing;

/// Where a secret is kept: never in the file itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table such as { env = \"NAME\" } or { file = \"PATH\" }: keys are never written into this file"
)]
pub(crate) struct Secret {
    pub(crate) env: Option<String>,
    pub(crate) file: Option<PathBuf>,
}

/// Reads a secret. `hint` says what belongs there, where a variable is missing.
pub(crate) fn read(
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
            let read = fs::read(&path).map_err(|error| {
                config(format!("{place}: cannot read `{}`", path.display())).because(error)
            })?;
            Ok(Zeroizing::new(read))
        }
        _ => Err(config(format!("{place}: give one of `env` and `file`"))),
    }
}

fn config(text: String) -> Error {
    Error::new(ErrorKind::Config, text)
}
