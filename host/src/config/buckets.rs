//! Buckets, as the file says where they are.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use cloakroom_core::{Bucket, Error, ErrorKind};
use cloakroom_plugin::Access;
use cloakroom_stores::BucketPlace;

use super::{
    schema::File,
    secret,
    storage::{Bucket as BucketEntry, Told},
};

/// The buckets of a file by name, and how much of each is granted.
pub(crate) type Buckets = BTreeMap<String, (Arc<dyn Bucket>, Access)>;

/// Buckets that are open. One that stays the same in a new configuration stays open: it keeps its
/// connections, and what it holds if it is memory.
#[derive(Default)]
pub(crate) struct Open(Mutex<Vec<(BucketPlace, Arc<dyn Bucket>)>>);

impl Open {
    fn bucket(&self, place: BucketPlace) -> Result<Arc<dyn Bucket>, Error> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bucket)) = open.iter().find(|(known, _)| *known == place) {
            return Ok(bucket.clone());
        }
        let bucket: Arc<dyn Bucket> = Arc::new(place.open()?);
        open.push((place, bucket.clone()));
        Ok(bucket)
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
) -> Result<Buckets, Error> {
    let mut buckets = Buckets::new();
    for (name, entry) in &file.buckets {
        let bucket = match entry.url.strip_prefix("native:") {
            Some(brought) => native.get(brought).cloned().ok_or_else(|| {
                let text =
                    format!("[buckets.{name}]: no bucket `{brought}` was given in the program");
                Error::new(ErrorKind::Config, text)
            })?,
            None => open.bucket(place(name, entry, folder)?).map_err(|error| {
                let text = format!("[buckets.{name}]: `{}` {error}", entry.url);
                Error::new(ErrorKind::Config, text)
            })?,
        };
        buckets.insert(name.clone(), (bucket, entry.access()));
    }
    Ok(buckets)
}

fn place(name: &str, entry: &BucketEntry, folder: &Path) -> Result<BucketPlace, Error> {
    let url = match entry.url.strip_prefix("file:") {
        Some(path) => {
            let path = path.strip_prefix("//").unwrap_or(path);
            format!("file:{}", folder.join(path).display())
        }
        None => entry.url.clone(),
    };
    let mut place = BucketPlace::new(url);
    for (key, told) in &entry.settings {
        let value = match told {
            Told::Open(value) => value.0.clone(),
            Told::Kept(kept) => {
                let value = secret::read(&format!("[buckets.{name}] `{key}`"), kept, folder, "")?;
                String::from_utf8_lossy(&value).trim().to_owned()
            }
        };
        place = place.set(key, value);
    }
    if let Some(patience) = &entry.patience {
        place = place.patience(patience.0);
    }
    Ok(place)
}
