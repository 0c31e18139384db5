//! Grants with which a driver could never store anything.

use cloakroom_core::Error;

use super::{
    locator::{Locator, Table},
    schema::File,
    storage::{DriverEntry, StorageEntry},
};

/// The bundled drivers that lay objects out in a bucket, below this and their setting `prefix`.
const LAYOUT: &str = "v0/";
const BUCKET_DRIVERS: [&str; 4] = ["azure", "file", "gcs", "s3"];

/// Refuses a driver that is stored with, if no bucket that it is granted lets it write.
pub(super) fn check(file: &File, storage: &StorageEntry, locator: &Locator) -> Result<(), Error> {
    for (index, driver) in storage.driver.iter().enumerate() {
        if file.stores_with(&driver.name) {
            let refuse = |key: &[&str], text| locator.refuse(Table::Driver(index), key, text);
            writable(file, driver).or_else(|text| refuse(&["grants", "buckets"], text))?;
            within_prefix(file, driver).or_else(|(key, text)| refuse(&["settings", key], text))?;
        }
    }
    Ok(())
}

/// Refuses a bucket that is read only and allows what changes objects.
pub(super) fn uses(file: &File, locator: &Locator) -> Result<(), Error> {
    let found = file.buckets.iter().find(|(_, bucket)| bucket.contradicts_itself());
    let Some((name, _)) = found else {
        return Ok(());
    };
    let text = format!(
        "[buckets.{name}]: `read_only` allows nothing that changes objects, and `allow` does: remove \
         one of the two"
    );
    locator.refuse(Table::Bucket(name), &["allow"], text)
}

fn writable(file: &File, driver: &DriverEntry) -> Result<(), String> {
    let buckets = &driver.grants.buckets;
    let read_only =
        |name: &String| file.buckets.get(name).is_some_and(|bucket| !bucket.is_writable());
    // Of several buckets one that it may write to is enough: the driver chooses among them by its
    // own settings.
    if buckets.is_empty() || !buckets.iter().all(read_only) {
        return Ok(());
    }
    Err(format!(
        "storage driver `{}` stores, and may only read from what it is granted (`{}`): remove \
         `read_only` from [buckets.{}], or add `write` to its `allow`, or store with another driver",
        driver.name,
        buckets.join("`, `"),
        buckets.first().map_or("", String::as_str),
    ))
}

/// Compares the keys that a bundled driver writes with those that its bucket grants.
fn within_prefix(file: &File, driver: &DriverEntry) -> Result<(), (&'static str, String)> {
    let setting = |name| driver.settings.get(name).map(|value| &*value.0);
    let is_known = matches!(
        driver.plugin.split_once(':'),
        Some(("bundled", name)) if BUCKET_DRIVERS.contains(&name)
    );
    let bucket = setting("bucket").and_then(|name| Some((name, file.buckets.get(name)?)));
    let Some((name, bucket)) = bucket.filter(|_| is_known) else {
        return Ok(());
    };
    let keys = key_prefix(setting("prefix").unwrap_or_default());
    // Either may be the longer one: a bucket may grant one namespace below the driver's prefix.
    if keys.starts_with(&bucket.prefix) || bucket.prefix.starts_with(&keys) {
        return Ok(());
    }
    let key = if setting("prefix").is_some() { "prefix" } else { "bucket" };
    Err((
        key,
        format!(
            "storage driver `{}` writes keys that start with `{keys}`, and [buckets.{name}] grants \
             keys that start with `{}`: change `settings.prefix` of the driver, or `prefix` of the \
             bucket",
            driver.name, bucket.prefix
        ),
    ))
}

/// Returns what the keys of a bundled driver start with, given its setting `prefix`.
fn key_prefix(setting: &str) -> String {
    let slash = if setting.is_empty() || setting.ends_with('/') { "" } else { "/" };
    format!("{setting}{slash}{LAYOUT}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn verdict(driver: &str, bucket: &str) -> Result<(), Error> {
        let text = format!(
            "[storage]\n[[storage.driver]]\nname = \"d\"\n{driver}\ngrants.buckets = [\"b\"]\n\
             [buckets.b]\nurl = \"memory:b\"\n{bucket}"
        );
        let file = parse(&text, "c.toml").unwrap();
        let locator = Locator::new("c.toml".to_owned(), text);
        check(&file, file.storage.as_ref().unwrap(), &locator)
    }

    #[track_caller]
    fn refuses(driver: &str, bucket: &str, line: &str, says: &str) {
        let error = verdict(driver, bucket).unwrap_err();
        assert_eq!(error.place(), Some(&*format!("c.toml, line {line}")));
        assert!(error.to_string().contains(says), "{error}");
    }

    const S3: &str = "plugin = \"bundled:s3\"\nsettings = { bucket = \"b\" }";
    const PREFIXED: &str =
        "plugin = \"bundled:s3\"\nsettings = { bucket = \"b\", prefix = \"team\" }";

    #[test]
    fn a_driver_that_stores_needs_a_bucket_to_write_to() {
        refuses(S3, "read_only = true", "6", "`d` stores, and may only read");
        assert!(verdict(S3, "read_only = false").is_ok());
    }

    #[test]
    fn keys_must_be_able_to_start_as_granted() {
        refuses(S3, "prefix = \"data/\"", "5", "start with `v0/`, and [buckets.b]");
        refuses(PREFIXED, "prefix = \"v0/\"", "5", "start with `team/v0/`");
        for prefix in ["", "v0/", "v0/ns/payments/"] {
            assert!(verdict(S3, &format!("prefix = \"{prefix}\"")).is_ok(), "{prefix}");
        }
        assert!(verdict(PREFIXED, "prefix = \"team/\"").is_ok());
        // Another plugin lays objects out as it likes.
        let own = S3.replace("bundled:s3", "file:s3.wasm");
        assert!(verdict(&own, "prefix = \"data/\"").is_ok());
    }
}
