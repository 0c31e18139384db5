//! How much of a bucket a plugin is given.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom_core::{Bucket, Error, ErrorKind, PutMode, PutOutcome};

/// How much of a bucket a plugin is given: which keys, and whether to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    prefix: String,
    read_only: bool,
}

impl Access {
    /// Every key, to read and to write.
    pub fn whole() -> Self {
        Self::default()
    }

    /// Only keys that start with `prefix`. Nothing is put before a key: a plugin that writes
    /// elsewhere is refused.
    pub fn within(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..Self::default() }
    }

    /// The same, without writing or removing.
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }
}

/// A bucket within its grant. Whatever a plugin, or a forged claim behind it, asks for passes here.
#[derive(Clone)]
pub(crate) struct Scoped {
    bucket: Arc<dyn Bucket>,
    access: Arc<Access>,
}

impl Scoped {
    pub(crate) fn new(bucket: Arc<dyn Bucket>, access: Access) -> Self {
        Self { bucket, access: Arc::new(access) }
    }

    pub(crate) fn name(&self) -> &str {
        self.bucket.name()
    }

    pub(crate) async fn put(
        &self,
        key: &str,
        body: Vec<Bytes>,
        mode: PutMode,
    ) -> Result<PutOutcome, Error> {
        self.may_write()?;
        self.may_reach(key)?;
        self.bucket.put(key, body, mode).await
    }

    pub(crate) async fn get(&self, key: &str, most: u64) -> Result<Bytes, Error> {
        self.may_reach(key)?;
        self.bucket.get(key, most).await
    }

    pub(crate) async fn size(&self, key: &str) -> Result<Option<u64>, Error> {
        self.may_reach(key)?;
        self.bucket.size(key).await
    }

    pub(crate) async fn remove(&self, key: &str) -> Result<(), Error> {
        self.may_write()?;
        self.may_reach(key)?;
        self.bucket.remove(key).await
    }

    pub(crate) async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Vec<String>, Error> {
        // An empty prefix asks for all there is, which is all that was granted.
        let prefix = if prefix.is_empty() { &*self.access.prefix } else { prefix };
        if !prefix.starts_with(&self.access.prefix) {
            return Err(self.outside());
        }
        self.bucket.list(prefix, after).await
    }

    fn may_write(&self) -> Result<(), Error> {
        match self.access.read_only {
            false => Ok(()),
            true => Err(denied(format!("bucket `{}` was granted for reading only", self.name()))),
        }
    }

    fn may_reach(&self, key: &str) -> Result<(), Error> {
        if key.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(denied("a key has an empty, `.` or `..` segment".to_owned()));
        }
        match key.starts_with(&self.access.prefix) {
            true => Ok(()),
            false => Err(self.outside()),
        }
    }

    fn outside(&self) -> Error {
        let (name, prefix) = (self.name(), &self.access.prefix);
        denied(format!("a key lies outside of `{prefix}`, which of bucket `{name}` was granted"))
    }
}

fn denied(text: String) -> Error {
    Error::new(ErrorKind::Denied, text)
}
