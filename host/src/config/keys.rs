//! Key rings of the configuration, with the material that their entries name.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use cloakroom_core::{Error, ErrorKind, KeyRing};
use cloakroom_stores::{KeyMaterial, KeyUsage, MAX_MESSAGES, Ring, RingBuilder, RingError};

use super::{
    buckets::Buckets,
    key_services::KeyServices,
    locator::{Locator, Table},
    nearest::nearest,
    schema::{File, RingEntry},
    secret::{Secret, read_secret},
    service_rings::{OpenRings, ServiceRings},
};

/// The key rings of a file, by name.
pub(crate) type Rings = BTreeMap<String, Arc<dyn KeyRing>>;

/// Rings of a file, and those among them that are over a key service.
pub(crate) type OpenedRings = (Rings, ServiceRings);

/// Reads all keys. Relative paths start from the folder of `services`. Messages are counted in `usage`, which outlives
/// a reload, as do the rings in `open`.
pub(crate) fn rings(
    file: &File,
    services: &KeyServices<'_>,
    buckets: &Buckets,
    usage: &KeyUsage,
    open: &OpenRings,
    locator: &Locator,
) -> Result<OpenedRings, Error> {
    let (mut rings, mut over_services) = (Rings::new(), ServiceRings::new());
    let folder = services.folder;
    for (name, entry) in &file.keys {
        let at =
            |key: &str, error: Error| error.at_place(&locator.place_of(Table::Ring(name), &[key]));
        check_kind(name, entry).map_err(|(key, error)| at(key, error))?;
        let static_keys = static_ring(name, entry, folder, usage, locator)?;
        let Some(service) = &entry.service else {
            let none = || at("material", config(format!("[keys.{name}] has no keys")));
            rings.insert(name.clone(), Arc::new(static_keys.ok_or_else(none)?));
            continue;
        };
        let bucket = entry.bucket.as_ref().and_then(|name| buckets.get(name));
        let bucket = bucket.map(|(bucket, _)| bucket);
        let ring = open.ring(name, service, entry, services, bucket);
        let ring = ring.map_err(|(key, error)| at(key, error))?;
        let ring = match static_keys {
            Some(keys) => ring.with_static_keys(Arc::new(keys)),
            None => ring,
        };
        rings.insert(name.clone(), Arc::new(ring.clone()));
        over_services.insert(name.clone(), ring);
    }
    Ok((rings, over_services))
}

/// Refuses settings of a ring of the other kind: its keys are in the file's places, or a service wraps
/// them.
fn check_kind(name: &str, entry: &RingEntry) -> Result<(), (&'static str, Error)> {
    let is_over_service = entry.service.is_some();
    let wrong =
        |key: &'static str, why: &str| Err((key, config(format!("[keys.{name}]: `{key}` {why}"))));
    if is_over_service && entry.current.is_some() {
        return wrong(
            "current",
            "and `service` exclude each other: keys of `material` only open now",
        );
    }
    if is_over_service && entry.max_messages_per_key.is_some() {
        return wrong("max_messages_per_key", "is for static keys: set `data_key.messages`");
    }
    if is_over_service {
        return Ok(());
    }
    let of_services = [
        ("retired", !entry.retired.is_empty()),
        ("bucket", entry.bucket.is_some()),
        ("data_key", entry.data_key.is_some()),
        ("opened", entry.opened.is_some()),
        ("secret", entry.secret.is_some()),
        ("old_secrets", !entry.old_secrets.is_empty()),
    ];
    if let Some((key, _)) = of_services.into_iter().find(|(_, is_there)| *is_there) {
        return wrong(key, "is for rings over a key service: name one in `service`");
    }
    if entry.current.is_none() {
        return wrong("current", "is missing: name the key that encrypts, or a `service`");
    }
    if entry.material.is_empty() {
        return wrong("material", "is missing: name the ring's keys, or a `service`");
    }
    Ok(())
}

/// Returns the ring of the keys that the file names; none if there are none. Under a service they only
/// open, so any of them counts as the current one.
fn static_ring(
    name: &str,
    entry: &RingEntry,
    folder: &Path,
    usage: &KeyUsage,
    locator: &Locator,
) -> Result<Option<Ring>, Error> {
    let Some(current) = entry.current.as_ref().or_else(|| entry.material.keys().next()) else {
        return Ok(None);
    };
    let ring = ring(name, current, entry, folder, locator)?.with_usage(usage).build();
    ring.map(Some).map_err(|error| unusable(name, error, locator))
}

fn ring(
    name: &str,
    current: &str,
    entry: &RingEntry,
    folder: &Path,
    locator: &Locator,
) -> Result<RingBuilder, Error> {
    let at = |error: Error, key: &[&str]| error.at_place(&locator.place_of(Table::Ring(name), key));
    check_created(name, entry).map_err(|error| at(error, &["created"]))?;
    let mut ring = Ring::builder().with_current(current);
    if let Some(messages) = entry.max_messages_per_key {
        if messages.get() > MAX_MESSAGES {
            let text = format!(
                "[keys.{name}] `max_messages_per_key` is {messages}, and no key may seal more than \
                 {MAX_MESSAGES} messages with plain AES-256-GCM: write less, divided by the number of \
                 processes"
            );
            return Err(at(config(text), &["max_messages_per_key"]));
        }
        ring = ring.with_max_messages_per_key(messages);
    }
    for (id, source) in &entry.material {
        let place = format!("[keys.{name}.material] `{id}`");
        let material = material(&place, source, folder);
        ring = ring.with_key(id, &material.map_err(|error| at(error, &["material", id]))?);
    }
    Ok(ring)
}

fn unusable(name: &str, error: RingError, locator: &Locator) -> Error {
    let at = |text: String, key: &[&str]| {
        config(text).at_place(&locator.place_of(Table::Ring(name), key))
    };
    match error {
        RingError::Current(current) => {
            let text = format!(
                "[keys.{name}]: the current key is `{current}`, and [keys.{name}.material] has no such key"
            );
            at(text, &["current"])
        }
        other => at(format!("[keys.{name}]: {other}"), &[]),
    }
}

/// Refuses a date for a key that the ring does not have. It is a misspelt id, and the age of the key
/// that was meant would be missing from the metrics.
fn check_created(name: &str, entry: &RingEntry) -> Result<(), Error> {
    let Some(id) = entry.created.keys().find(|id| !entry.material.contains_key(*id)) else {
        return Ok(());
    };
    let help = nearest(id, entry.material.keys().map(String::as_str))
        .map_or_else(|| "remove it".to_owned(), |meant| format!("did you mean `{meant}`?"));
    Err(config(format!(
        "[keys.{name}.created] has `{id}`, and [keys.{name}.material] has no such key; {help}"
    )))
}

/// Reads the material of a key: a file holds the 32 bytes as they are or in base64, a variable holds
/// base64.
fn material(place: &str, source: &Secret, folder: &Path) -> Result<KeyMaterial, Error> {
    let hint = "; set it to 32 bytes in base64";
    let bytes = read_secret(place, source, folder, hint)?;
    // 32 bytes are the key itself. In base64 they have at least 43, so neither form is taken for
    // the other.
    let is_bare = source.file.is_some() && bytes.len() == 32;
    let material = if is_bare {
        KeyMaterial::from_slice(&bytes)
    } else {
        KeyMaterial::from_base64(&String::from_utf8_lossy(&bytes))
    };
    material.map_err(|error| match (&source.env, &source.file) {
        (Some(name), _) => config(format!("{place}: variable `{name}`: {error}")),
        (_, Some(path)) => {
            let path = folder.join(path);
            config(format!("{place}: file `{}`: {error}", path.display()))
        }
        _ => config(format!("{place}: {error}")),
    })
}

fn config(text: String) -> Error {
    Error::new(ErrorKind::Config, text)
}
