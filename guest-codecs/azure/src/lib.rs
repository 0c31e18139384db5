//! Driver for Azure Blob Storage. Objects are laid out as in S3.

use cloakroom_driver_object_store::{Layout, ObjectStore, s3_segment};

/// The layout of S3 in Azure Blob Storage, for which there is no official driver.
pub struct Azure;

impl Layout for Azure {
    const KIND: &'static str = "azure.blobdriver";
    const BUCKET: Option<&'static str> = Some("container");
    const KEY: &'static [&'static str] = &["blob"];
    const LONGEST_SEGMENT: usize = 254;

    fn segment(name: &str) -> String {
        s3_segment(name)
    }
}

/// The driver.
pub type Driver = ObjectStore<Azure>;

cloakroom_guest::export_driver!(Driver);

#[cfg(test)]
mod tests;
