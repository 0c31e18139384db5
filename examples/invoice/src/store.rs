//! Objects in the folder that stands for an object store.

use std::{fs, io, path::Path};

use serde::Serialize;

/// Objects, and their bytes together.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Stored {
    pub(crate) objects: usize,
    pub(crate) bytes: u64,
}

impl Stored {
    /// Counts them. A folder that is not there holds nothing.
    pub(crate) fn within(folder: &Path) -> io::Result<Self> {
        let mut all = Self::default();
        if !folder.is_dir() {
            return Ok(all);
        }
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let more = if entry.file_type()?.is_dir() {
                Self::within(&entry.path())?
            } else {
                Self { objects: 1, bytes: entry.metadata()?.len() }
            };
            all = Self { objects: all.objects + more.objects, bytes: all.bytes + more.bytes };
        }
        Ok(all)
    }
}
