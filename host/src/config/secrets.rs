//! `[secrets]`: what plugins may see.

use std::{collections::BTreeMap, path::Path};

use cloakroom_core::{Error, ErrorKind};
use zeroize::Zeroizing;

use super::{
    locator::{Locator, Table},
    schema::File,
    secret::read_secret,
};

/// Most bytes of a secret. A plugin has it in one list.
const LARGEST: usize = 64 << 10;

/// Secrets by name.
pub(crate) type Secrets = BTreeMap<String, Zeroizing<Vec<u8>>>;

/// Reads all secrets, without the line break at their ends.
///
/// # Errors
/// `Config` with file and line if one cannot be read, is empty, or is too large.
pub(crate) fn secrets(file: &File, folder: &Path, locator: &Locator) -> Result<Secrets, Error> {
    let read = |name: &String, secret| {
        let place = format!("[secrets] `{name}`");
        let mut value = read_secret(&place, secret, folder, "; set it to the secret")?;
        // Editors and `echo` end a file with a line break, which no password holds.
        for end in [b'\n', b'\r'] {
            if value.last() == Some(&end) {
                value.pop();
            }
        }
        match value.len() {
            0 => Err(config(format!("{place} is empty"))),
            1..=LARGEST => Ok((name.clone(), value)),
            more => Err(config(format!("{place} has {more} bytes, and may have {LARGEST}"))),
        }
    };
    let secrets = file.secrets.iter().map(|(name, secret)| {
        read(name, secret)
            .map_err(|error| error.at_place(&locator.place_of(Table::Secret(name), &[])))
    });
    secrets.collect()
}

fn config(text: String) -> Error {
    Error::new(ErrorKind::Config, text)
}
