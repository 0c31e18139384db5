//! Buckets, as the file says where they are.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use cloakroom_core::{Bucket, Error, ErrorKind};
use cloakroom_plugin::BucketAccess;
use cloakroom_stores::{BucketUrl, KeyUsage};

use super::{
    bucket::{Bucket as BucketEntry, SettingValue},
    nearest,
    places::{Places, Table},
    schema::File,
    secret,
};

/// The buckets of a file by name, and how much of each is granted.
pub(crate) type Buckets = BTreeMap<String, (Arc<dyn Bucket>, BucketAccess)>;

/// Buckets that are open. One that stays the same in a new configuration stays open: it keeps its
/// connections, and what it holds if it is memory.
#[derive(Default)]
pub(crate) struct Open(Mutex<Vec<(BucketUrl, Arc<dyn Bucket>)>>, KeyUsage);

impl Open {
    fn bucket(&self, place: BucketUrl) -> Result<Arc<dyn Bucket>, Error> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bucket)) = open.iter().find(|(known, _)| *known == place) {
            return Ok(bucket.clone());
        }
        let bucket: Arc<dyn Bucket> = Arc::new(place.open()?);
        open.push((place, bucket.clone()));
        Ok(bucket)
    }

    /// Returns the counts of keys' messages, which go on over reloads.
    pub(crate) fn key_usage(&self) -> &KeyUsage {
        &self.1
    }

    /// Forgets those that no configuration uses any more.
    pub(crate) fn tidy(&self) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(_, bucket)| 1 < Arc::strong_count(bucket));
    }
}

/// Connects to all buckets. `native` are those that the embedder brought.
pub(crate) fn buckets(
    file: &File,
    folder: &Path,
    native: &BTreeMap<String, Arc<dyn Bucket>>,
    open: &Open,
    places: &Places,
) -> Result<Buckets, Error> {
    let mut buckets = Buckets::new();
    for (name, entry) in &file.buckets {
        let at = |error: Error, key: &str| error.at_place(&places.at(Table::Bucket(name), &[key]));
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
    for (key, told) in &entry.settings {
        let value = match told {
            SettingValue::Open(value) if BucketUrl::is_secret_setting(key, &value.0) => {
                let text = format!(
                    "[buckets.{name}]: `{key}` is a secret, and secrets are never written into this \
                     file: name it as `{key} = {{ env = \"NAME\" }}` or `{key} = {{ file = \"PATH\" }}`"
                );
                return Err((&**key, Error::new(ErrorKind::Config, text)));
            }
            SettingValue::Open(value) => value.0.clone(),
            SettingValue::Kept(kept) => {
                let value = secret::read(&format!("[buckets.{name}] `{key}`"), kept, folder, "");
                let value = value.map_err(|error| (&**key, error))?;
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
