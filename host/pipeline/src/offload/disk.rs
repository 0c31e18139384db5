//! Folder of cached objects, within a size. It outlives a restart.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use cloakroom_core::{ByteSize, Envelope, Error, ErrorKind};

use crate::offload::{cache_key::CacheKey, private_folder};

/// Size of a block of a disk. A file takes whole blocks, and one even if it is empty.
const BLOCK: u64 = 4096;

/// Folder of objects by their keys. A failure in it costs a request to the store, and nothing more.
pub(crate) struct Disk {
    folder: PathBuf,
    most: u64,
    used: Mutex<u64>,
    /// Number of the next temporary file: two writers of the same object must not share one.
    writers: AtomicU64,
}

impl Disk {
    /// Opens the folder, which is created for this user alone, because it holds payloads.
    pub(crate) fn open(folder: PathBuf, size: ByteSize) -> Result<Self, Error> {
        let opened = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        let refused = |why: &str| {
            let text = format!("folder `{}` cannot keep stored objects: {why}", folder.display());
            Error::new(ErrorKind::Config, text)
        };
        opened.map_err(|error| refused(&error.kind().to_string()))?;
        private_folder::check(&folder).map_err(|why| refused(&why))?;
        let disk =
            Self { folder, most: size.get(), used: Mutex::new(0), writers: AtomicU64::new(0) };
        *disk.used() = disk.files().iter().map(|(_, size, _)| cost(*size)).sum();
        disk.trim();
        Ok(disk)
    }

    /// Returns the size of an object, if it exists.
    pub(crate) fn size(&self, cache_key: &CacheKey) -> Option<usize> {
        let metadata = fs::metadata(self.path(cache_key)).ok()?;
        usize::try_from(metadata.len()).ok()
    }

    /// Returns an object, if it exists and has this digest.
    pub(crate) fn get(&self, cache_key: &CacheKey, sha256: &[u8; 32]) -> Option<Bytes> {
        let path = self.path(cache_key);
        let bytes = Bytes::from(fs::read(&path).ok()?);
        // The folder outlives the process, and anything may have happened to the file. A damaged
        // one is removed, or each look-up would read and hash it again.
        if digest(&SHA256, &bytes).as_ref() != sha256 {
            self.forget(&path, cost(bytes.len() as u64));
            return None;
        }
        // The time of a file is that of its last use.
        if let Ok(file) = fs::File::open(&path) {
            let _ = file.set_modified(SystemTime::now());
        }
        Some(bytes)
    }

    /// Writes an object to a temporary file and renames it, so that no reader finds half of one.
    pub(crate) fn put(&self, cache_key: &CacheKey, object: &Envelope) {
        let (path, size) = (self.path(cache_key), cost(object.len() as u64));
        // One object must not push out most of the others.
        if size > self.most / 4 || path.exists() {
            return;
        }
        let writer = self.writers.fetch_add(1, Ordering::Relaxed);
        let beside = path.with_extension(format!("{}-{writer}.part", std::process::id()));
        if self.write(&beside, object).and_then(|()| self.publish(&beside, &path, size)).is_err() {
            let _ = fs::remove_file(&beside);
            return;
        }
        self.trim();
    }

    fn write(&self, path: &PathBuf, object: &Envelope) -> io::Result<()> {
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
        // Not flushed to the disk: after a power failure the digest finds a damaged file, which
        // costs one request to the store.
        for part in [&object.head, &object.body, &object.tail] {
            io::Write::write_all(&mut file, part)?;
        }
        Ok(())
    }

    /// Renames a temporary file. If two writers race, the first rename wins and is counted.
    fn publish(&self, beside: &PathBuf, path: &PathBuf, size: u64) -> io::Result<()> {
        let mut used = self.used();
        if path.exists() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(beside, path)?;
        *used += cost(size);
        Ok(())
    }

    /// Removes the least recently used objects until an eighth is free, so that not every write has to
    /// list the folder.
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
            self.forget(&path, cost(size));
        }
    }

    fn forget(&self, path: &PathBuf, size: u64) {
        if fs::remove_file(path).is_ok() {
            let mut used = self.used();
            *used = used.saturating_sub(cost(size));
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

    fn path(&self, cache_key: &CacheKey) -> PathBuf {
        self.folder.join(hex::encode(cache_key))
    }

    fn used(&self) -> std::sync::MutexGuard<'_, u64> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns how many bytes a file of this size takes.
fn cost(size: u64) -> u64 {
    size.max(1).next_multiple_of(BLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(number: u8, size: usize) -> (CacheKey, Envelope) {
        let (head, tail) = (Bytes::new(), Bytes::new());
        ([number; 32], Envelope { head, body: vec![number; size].into(), tail })
    }

    fn sha256(object: &Envelope) -> [u8; 32] {
        digest(&SHA256, &object.body).as_ref().try_into().unwrap()
    }

    #[test]
    fn stays_within_its_size_and_keeps_what_is_of_use() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("objects");
        let disk = || Disk::open(folder.clone(), ByteSize::kib(1000)).unwrap();
        let full = disk();
        let (first, body) = object(0, 200 << 10);
        for number in 0..20 {
            let (cache_key, object) = object(number, 200 << 10);
            full.put(&cache_key, &object);
            full.put(&cache_key, &object);
            assert!(full.get(&first, &sha256(&body)).is_some(), "{number}");
            let found: u64 = full.files().iter().map(|(_, size, _)| cost(*size)).sum();
            assert!(found <= 1000 << 10 && found == *full.used(), "{found} {}", full.used());
            assert!(full.get(&cache_key, &sha256(&object)).is_some(), "{number}");
        }
        let (large, body) = object(99, 300 << 10);
        full.put(&large, &body);
        assert!(full.get(&large, &sha256(&body)).is_none(), "it would push out too much");
        assert_eq!(*disk().used(), *full.used(), "not counted when it is opened");
    }

    #[test]
    fn empty_objects_leave_too() {
        let home = tempfile::tempdir().unwrap();
        let disk = Disk::open(home.path().join("objects"), ByteSize::kib(100)).unwrap();
        for number in 0..100 {
            let (cache_key, object) = object(number, 0);
            disk.put(&cache_key, &object);
        }
        assert!(disk.files().len() <= 25, "{}", disk.files().len());
    }

    #[test]
    fn others_may_not_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let opened = Disk::open(folder.path().to_owned(), ByteSize::kib(1));
        assert!(opened.map(drop).unwrap_err().to_string().contains("chmod 700"));
    }

    #[test]
    fn files_are_their_users_alone_and_empty_ones_leave_too() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("objects");
        let disk = Disk::open(folder.clone(), ByteSize::kib(64)).unwrap();
        for number in 0..100 {
            let (cache_key, empty) = object(number, 0);
            disk.put(&cache_key, &empty);
        }
        assert!(disk.files().len() <= 16, "{} files", disk.files().len());
        for entry in fs::read_dir(folder).unwrap() {
            use std::os::unix::fs::MetadataExt as _;
            assert_eq!(entry.unwrap().metadata().unwrap().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn many_may_keep_the_same_at_once() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("objects");
        let disk = Disk::open(folder, ByteSize::mib(64)).unwrap();
        let (cache_key, body) = object(7, 8 << 20);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| disk.put(&cache_key, &body));
            }
        });
        assert!(disk.get(&cache_key, &sha256(&body)).is_some());
        assert_eq!((disk.files().len(), *disk.used()), (1, 8 << 20));
    }
}
