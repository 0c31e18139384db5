//! Driver for Google Cloud Storage. Objects are laid out as by Temporal's official GCS driver.

use cloakroom_driver_object_store::{Layout, ObjectStore, gcs_segment};

/// Temporal's layout in Google Cloud Storage.
pub struct Gcs;

impl Layout for Gcs {
    const KIND: &'static str = "gcp.gcsdriver";
    const BUCKET: Option<&'static str> = Some("bucket");
    // Released drivers wrote three names: Python `object_name`, TypeScript `object`, Go `key`.
    const KEY: &'static [&'static str] = &["object_name", "object", "key"];
    // Go's driver v0.1.0 reads no other. The official drivers ignore entries that they do not know.
    const LEGACY_KEY: Option<&'static str> = Some("key");

    fn segment(name: &str) -> String {
        gcs_segment(name)
    }
}

/// The driver.
pub type Driver = ObjectStore<Gcs>;

cloakroom_guest::export_driver!(Driver);

#[cfg(test)]
mod tests;
