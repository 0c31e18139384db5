//! Driver for S3. Objects are laid out as by Temporal's official S3 driver.

use cloakroom_driver_object_store::{Layout, ObjectStore, s3_segment};

/// Temporal's layout in S3.
pub struct S3;

impl Layout for S3 {
    const KIND: &'static str = "aws.s3driver";
    const BUCKET: Option<&'static str> = Some("bucket");
    const KEY: &'static [&'static str] = &["key"];

    fn segment(name: &str) -> String {
        s3_segment(name)
    }
}

/// The driver.
pub type Driver = ObjectStore<S3>;

cloakroom_guest::export_driver!(Driver);

#[cfg(test)]
mod tests;
