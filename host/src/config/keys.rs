//! Key material, fetched from where the file says it is kept.

use std::{collections::BTreeMap, env, fs, path::Path, sync::Arc};

use cloakroom_core::{Error, ErrorKind, KeyRing};
use cloakroom_stores::{Material, Ring, RingError};
use zeroize::Zeroizing;

use super::schema::{File, KeySource, Ring as RingEntry};

/// The key rings of a file, by name.
pub(crate) type Rings = BTreeMap<String, Arc<dyn KeyRing>>;

/// Reads all keys. Paths are taken from `folder`, where the file is.
pub(crate) fn rings(file: &File, folder: &Path) -> Result<Rings, Error> {
    file.keys
        .iter()
        .map(|(name, entry)| Ok((name.clone(), Arc::new(ring(name, entry, folder)?) as _)))
        .collect()
}

fn ring(name: &str, entry: &RingEntry, folder: &Path) -> Result<Ring, Error> {
    let mut ring = Ring::builder().current(&entry.current);
    for (id, source) in &entry.material {
        let place = format!("[keys.{name}.material] `{id}`");
        ring = ring.key(id, &material(&place, source, folder)?);
    }
    ring.build().map_err(|error| match error {
        RingError::Current(current) => {
            let text = format!(
                "[keys.{name}]: the current key is `{current}`, and [keys.{name}.material] has no such key"
            );
            config(text)
        }
        other => config(format!("[keys.{name}]: {other}")),
    })
}

fn material(place: &str, source: &KeySource, folder: &Path) -> Result<Material, Error> {
    match (&source.env, &source.file) {
        (Some(name), None) => from_env(place, name),
        (None, Some(path)) => from_file(place, &folder.join(path)),
        _ => Err(config(format!("{place}: give one of `env` and `file`"))),
    }
}

fn from_env(place: &str, name: &str) -> Result<Material, Error> {
    let text = env::var_os(name).ok_or_else(|| {
        config(format!(
            "{place}: the environment has no variable `{name}`; set it to 32 bytes in base64"
        ))
    })?;
    let text = Zeroizing::new(text.into_encoded_bytes());
    let decoded = Material::from_base64(&String::from_utf8_lossy(&text));
    decoded.map_err(|error| config(format!("{place}: variable `{name}`: {error}")))
}

/// A file holds the 32 bytes as they are, or in base64.
fn from_file(place: &str, path: &Path) -> Result<Material, Error> {
    let unreadable =
        |error| config(format!("{place}: cannot read `{}`", path.display())).because(error);
    let bytes = Zeroizing::new(fs::read(path).map_err(unreadable)?);
    let material = match Material::from_slice(&bytes) {
        Ok(material) => Ok(material),
        Err(error) => {
            std::str::from_utf8(&bytes).map_err(|_| error).and_then(Material::from_base64)
        }
    };
    material.map_err(|error| config(format!("{place}: file `{}`: {error}", path.display())))
}

fn config(text: String) -> Error {
    Error::new(ErrorKind::Config, text)
}
