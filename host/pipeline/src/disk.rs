//! Stored objects in a folder, within a size: what is left of the cache after a restart.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use cloakroom_core::{ByteSize, Envelope, Error, ErrorKind};

use crate::reference::Ticket;

/// A folder of objects by their tickets. Whatever goes wrong in it costs a fetch, and no more.
pub(crate) struct Disk {
    folder: PathBuf,
    most: u64,
    used: Mutex<u64>,
}

impl Disk {
    /// Opens the folder, which is made for this user alone: what lies in it are payloads.
    pub(crate) fn open(folder: PathBuf, size: ByteSize) -> Result<Self, Error> {
        let opened = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        let refused = |why: &str| {
            let text = format!("folder `{}` cannot keep stored objects: {why}", folder.display());
            Error::new(ErrorKind::Config, text)
        };
        opened.map_err(|error| refused(&error.kind().to_string()))?;
        let metadata = fs::metadata(&folder).map_err(|error| refused(&error.kind().to_string()))?;
        if metadata.mode() & 0o077 != 0 {
            return Err(refused("others can read it (`chmod 700`)"));
        }
        let disk = Self { folder, most: size.get(), used: Mutex::new(0) };
        *disk.used() = disk.files().iter().map(|(_, size, _)| size).sum();
        disk.trim();
        Ok(disk)
    }

    /// An object, if it is there and is what it was.
    pub(crate) fn get(&self, ticket: &Ticket, sha256: &[u8; 32]) -> Option<Bytes> {
        let path = self.path(ticket);
        let bytes = Bytes::from(fs::read(&path).ok()?);
        if digest(&SHA256, &bytes).as_ref() != sha256 {
            self.forget(&path, bytes.len() as u64);
            return None;
        }
        // Its time says when it was last of use.
        if let Ok(file) = fs::File::open(&path) {
            let _ = file.set_modified(SystemTime::now());
        }
        Some(bytes)
    }

    /// Keeps an object. Written beside and renamed, so that no half of one is ever found.
    pub(crate) fn put(&self, ticket: &Ticket, object: &Envelope) {
        let (path, size) = (self.path(ticket), object.len() as u64);
        if self.most / 4 < size || path.exists() {
            return;
        }
        let beside = path.with_extension(format!("{}.part", std::process::id()));
        if self.write(&beside, object).and_then(|()| fs::rename(&beside, &path)).is_err() {
            let _ = fs::remove_file(&beside);
            return;
        }
        *self.used() += size;
        self.trim();
    }

    fn write(&self, path: &PathBuf, object: &Envelope) -> io::Result<()> {
        let mut file = fs::File::create(path)?;
        for part in [&object.head, &object.body, &object.tail] {
            io::Write::write_all(&mut file, part)?;
        }
        Ok(())
    }

    /// Removes what was of no use for longest, until an eighth is free again.
    fn trim(&self) {
        if *self.used() <= self.most {
            return;
        }
        let mut files = self.files();
        files.sort_unstable_by_key(|(_, _, time)| *time);
        for (path, size, _) in files {
            if *self.used() <= self.most / 8 * 7 {
                break;
            }
            self.forget(&path, size);
        }
    }

    fn forget(&self, path: &PathBuf, size: u64) {
        if fs::remove_file(path).is_ok() {
            let mut used = self.used();
            *used = used.saturating_sub(size);
        }
    }

    fn files(&self) -> Vec<(PathBuf, u64, SystemTime)> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let file = |entry: fs::DirEntry| {
            let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((entry.path(), metadata.len(), metadata.modified().ok()?))
        };
        entries.filter_map(file).collect()
    }

    fn path(&self, ticket: &Ticket) -> PathBuf {
        self.folder.join(hex::encode(ticket))
    }

    fn used(&self) -> std::sync::MutexGuard<'_, u64> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
