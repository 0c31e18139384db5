//! Time and size of a configuration's files, to notice that one was changed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Stamp of each file that a configuration was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileStamps(BTreeMap<PathBuf, Option<Stamp>>);

/// Time of the last change, and size. None stands for a file that is not there.
type Stamp = (SystemTime, u64);

impl FileStamps {
    /// Stamps files as they are now. May block.
    ///
    /// Links are followed: Kubernetes replaces a mounted file by another link to a new folder.
    pub(crate) fn take(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let stamped = paths.into_iter().map(|path| {
            let stamp = stamp(&path);
            (path, stamp)
        });
        Self(stamped.collect())
    }

    /// Adds the stamps of other files.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Stamps the same files as they are now. May block.
    pub(crate) fn retake(&self) -> Self {
        Self::take(self.0.keys().cloned())
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    // No digest, which would read every plugin every few seconds.
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
