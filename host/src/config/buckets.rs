//! Opens the buckets of the configuration.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use cloakroom_core::{Bucket, Error, ErrorKind};
use cloakroom_plugin::BucketAccess;
use cloakroom_stores::{BucketUrl, KeyUsage};

use super::{
    bucket::{BucketEntry, SettingValue},
    locator::{Locator, Table},
    nearest::nearest,
    remedy::setting_name,
    schema::File,
    secret::read_secret,
    service_rings::OpenRings,
    services::OpenServices,
};

/// Buckets by name, and the access that is granted to each.
pub(crate) type Buckets = BTreeMap<String, (Arc<dyn Bucket>, BucketAccess)>;

/// Open buckets, services and rings, and the counts of messages per key. A bucket whose URL and settings stay the same in
/// a new configuration stays open: it keeps its connections, and its objects if it is in memory.
#[derive(Default)]
pub(crate) struct OpenBuckets(
    Mutex<Vec<(BucketUrl, Arc<dyn Bucket>)>>,
    KeyUsage,
    OpenServices,
    OpenRings,
);

impl OpenBuckets {
    fn bucket(&self, place: BucketUrl) -> Result<Arc<dyn Bucket>, Error> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bucket)) = open.iter().find(|(known, _)| *known == place) {
            return Ok(bucket.clone());
        }
        // Opened under the lock, which costs little because nothing is sent. Two loads must not
        // open one bucket twice.
        let bucket: Arc<dyn Bucket> = Arc::new(place.open()?);
        open.push((place, bucket.clone()));
        Ok(bucket)
    }

    /// Returns the counts of keys' messages, which go on over reloads.
    pub(crate) fn key_usage(&self) -> &KeyUsage {
        &self.1
    }

    /// Returns the open rings over key services.
    pub(crate) fn rings(&self) -> &OpenRings {
        &self.3
    }

    /// Returns the open services.
    pub(crate) fn services(&self) -> &OpenServices {
        &self.2
    }

    /// Closes the buckets and services that no configuration uses any more.
    pub(crate) fn forget_unused(&self) {
        self.2.forget_unused();
        self.3.forget_unused();
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The list itself holds one reference to each.
        open.retain(|(_, bucket)| Arc::strong_count(bucket) > 1);
    }
}

/// Connects to all buckets. `native` are those that the embedder brought.
pub(crate) fn buckets(
    file: &File,
    folder: &Path,
    native: &BTreeMap<String, Arc<dyn Bucket>>,
    open: &OpenBuckets,
    locator: &Locator,
) -> Result<Buckets, Error> {
    let mut buckets = Buckets::new();
    for (name, entry) in &file.buckets {
        let at = |error: Error, key: &str| {
            error.at_place(&locator.place_of(Table::Bucket(name), &[key]))
        };
        let bucket = match entry.url.strip_prefix("native:") {
            Some(brought) => native.get(brought).cloned().ok_or_else(|| {
                let text =
                    format!("[buckets.{name}]: no bucket `{brought}` was given in the program");
                at(Error::new(ErrorKind::Config, text), "url")
            })?,
            None => {
                let place = place(name, entry, folder).map_err(|(key, error)| at(error, key))?;
                known(name, entry, &place).map_err(|(key, error)| at(error, key))?;
                open.bucket(place).map_err(|error| {
                    let error = error.rename_remedies(setting_name);
                    let text = format!("[buckets.{name}]: `{}`: {error}", entry.url);
                    at(Error::new(ErrorKind::Config, text), "url")
                })?
            }
        };
        buckets.insert(name.clone(), (bucket, entry.access()));
    }
    Ok(buckets)
}

/// An error, and the key of the bucket's table that it is about.
type AtKey<'a> = (&'a str, Error);

/// Refuses a setting that the store does not take, with the name that was probably meant.
fn known<'a>(name: &str, entry: &'a BucketEntry, place: &BucketUrl) -> Result<(), AtKey<'a>> {
    // Before unknown settings: the store knows this one, and it is refused for safety.
    if let Some((refused, why)) = place.refused_setting() {
        let key = entry.settings.keys().find(|key| *key == refused).map_or("url", String::as_str);
        let text = format!("[buckets.{name}]: `{refused}` {why}");
        return Err((key, Error::new(ErrorKind::Config, text)));
    }
    let Some((unknown, names)) = place.unknown_setting() else {
        return Ok(());
    };
    let known = BucketEntry::OURS.into_iter().chain(names.iter().copied());
    let help = match (nearest(unknown, known), &*names) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, []) => "this kind of bucket takes no settings of a store".to_owned(),
        (None, names) => format!("its store takes `{}`", names.join("`, `")),
    };
    let text = format!("[buckets.{name}]: unknown setting `{unknown}` for `{}`; {help}", entry.url);
    let key = entry.settings.keys().find(|key| *key == unknown).map_or("url", String::as_str);
    Err((key, Error::new(ErrorKind::Config, text)))
}

fn place<'a>(name: &str, entry: &'a BucketEntry, folder: &Path) -> Result<BucketUrl, AtKey<'a>> {
    let url = match entry.url.strip_prefix("file:") {
        Some(path) => {
            let path = path.strip_prefix("//").unwrap_or(path);
            format!("file:{}", folder.join(path).display())
        }
        None => entry.url.clone(),
    };
    let mut place = BucketUrl::new(url);
    for (key, setting) in &entry.settings {
        let value = match setting {
            SettingValue::Open(value) if BucketUrl::is_secret_setting(key, &value.0) => {
                let text = format!(
                    "[buckets.{name}]: `{key}` is a secret, and secrets are never written into this \
                     file: name it as `{key} = {{ env = \"NAME\" }}` or `{key} = {{ file = \"PATH\" }}`"
                );
                return Err((&**key, Error::new(ErrorKind::Config, text)));
            }
            SettingValue::Open(value) => value.0.clone(),
            SettingValue::Kept(kept) => {
                let value = read_secret(&format!("[buckets.{name}] `{key}`"), kept, folder, "");
                let value = value.map_err(|error| (&**key, error))?;
                // Editors and `echo` end a file with a line break, which no secret of a store has.
                String::from_utf8_lossy(&value).trim().to_owned()
            }
        };
        place = place.with_setting(key, value);
    }
    if let Some(patience) = &entry.patience {
        place = place.with_retry_timeout(patience.0);
    }
    Ok(place)
}
