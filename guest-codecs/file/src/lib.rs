//! Driver for folders. Objects are laid out as in S3.

use cloakroom_driver_object_store::{Layout, ObjectStore, s3_segment};

/// The layout of S3 in a folder. A claim does not name the folder, so that it can be moved.
pub struct File;

impl Layout for File {
    const KIND: &'static str = "local.filedriver";
    const BUCKET: Option<&'static str> = None;
    const KEY: &'static [&'static str] = &["key"];
    const LONGEST_SEGMENT: usize = 255;

    fn segment(name: &str) -> String {
        s3_segment(name)
    }
}

/// The driver.
pub type Driver = ObjectStore<File>;

cloakroom_guest::export_driver!(Driver);

#[cfg(test)]
mod tests;
