//! How much of a bucket a plugin is given.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use cloakroom_core::{Bucket, Error, ErrorKind, PutMode};

use crate::{
    RefreshFailure,
    held::Hold,
    refresh::Refresh,
    rope::Rope,
    upload::{self, Put},
};

/// How much of a bucket a plugin is given: which keys, whether to write, and when an object that is
/// stored again is refreshed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    prefix: String,
    read_only: bool,
    refresh: Option<Duration>,
    refresh_failure: RefreshFailure,
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

    /// Returns what every key must start with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns whether it allows neither writing nor removing.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// The same, without writing or removing.
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Renews the age of an object that is stored again and is at least so old, if its bytes are
    /// equal: with a lifecycle rule that deletes old objects, it would expire under the new
    /// reference. Takes one read and one write.
    pub fn refresh_after(mut self, age: Duration) -> Self {
        self.refresh = Some(age);
        self
    }

    /// Says what to do if the age cannot be renewed; [`RefreshFailure::Fail`] unless told.
    pub fn refresh_failure(mut self, failure: RefreshFailure) -> Self {
        self.refresh_failure = failure;
        self
    }

    /// Tries on an object of a probe, which holds `object`, what else storing may need: its age is
    /// renewed, if this access renews ages, and it is removed.
    ///
    /// # Errors
    /// Whatever keeps it from being renewed or removed; `refresh_failure` is not asked.
    pub async fn try_on_probe(
        &self,
        bucket: &dyn Bucket,
        key: &str,
        object: Bytes,
    ) -> Result<(), Error> {
        let renewed = self.renew_probe(bucket, key, object).await;
        bucket.remove(key).await?;
        renewed.map(drop)
    }

    /// Renews the age of an object of a probe, which holds `object`. Returns whether this access renews
    /// ages at all.
    ///
    /// # Errors
    /// Whatever keeps it from being renewed; `refresh_failure` is not asked.
    pub async fn renew_probe(
        &self,
        bucket: &dyn Bucket,
        key: &str,
        object: Bytes,
    ) -> Result<bool, Error> {
        let Some(after) = self.refresh else {
            return Ok(false);
        };
        let refresh = Refresh { after, failure: RefreshFailure::Fail };
        let object = Rope::piece(object, Hold::default());
        refresh.renew(bucket, key, &object, Duration::ZERO).await?;
        Ok(true)
    }

    fn refresh(&self) -> Option<Refresh> {
        self.refresh.map(|after| Refresh { after, failure: self.refresh_failure })
    }
}

/// A bucket within its grants: one, or several of buckets that their store calls alike. Whatever a
/// plugin, or a forged claim behind it, asks for passes here.
#[derive(Clone)]
pub(crate) struct Scoped(Arc<[Granted]>);

struct Granted {
    bucket: Arc<dyn Bucket>,
    access: Access,
}

/// What is about to be done with a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Read,
    Write,
}

impl Scoped {
    pub(crate) fn new(bucket: Arc<dyn Bucket>, access: Access) -> Self {
        Self(Arc::new([Granted { bucket, access }]))
    }

    /// All of these that their store calls `name`.
    pub(crate) fn called<'a>(name: &str, all: impl Iterator<Item = &'a Self>) -> Option<Self> {
        let granted = all.flat_map(|scoped| scoped.0.iter());
        let granted = granted.filter(|granted| granted.bucket.name() == name);
        let granted: Arc<[_]> = granted
            .map(|Granted { bucket, access }| Granted {
                bucket: bucket.clone(),
                access: access.clone(),
            })
            .collect();
        (!granted.is_empty()).then_some(Self(granted))
    }

    pub(crate) fn name(&self) -> &str {
        self.0.first().map_or("", |granted| granted.bucket.name())
    }

    /// Writes an object. `storing` says whether an object is being stored, which is when ages are
    /// renewed.
    pub(crate) async fn put(
        &self,
        key: &str,
        body: &Rope,
        mode: PutMode,
        storing: bool,
    ) -> Result<Put, Error> {
        let Granted { bucket, access } = self.reach(key, Use::Write)?;
        let refresh = access.refresh().filter(|_| storing);
        upload::put(&**bucket, refresh, key, body, mode).await
    }

    pub(crate) async fn get(&self, key: &str, most: u64) -> Result<Bytes, Error> {
        self.reach(key, Use::Read)?.bucket.get(key, most).await
    }

    pub(crate) async fn size(&self, key: &str) -> Result<Option<u64>, Error> {
        self.reach(key, Use::Read)?.bucket.size(key).await
    }

    pub(crate) async fn remove(&self, key: &str) -> Result<(), Error> {
        self.reach(key, Use::Write)?.bucket.remove(key).await
    }

    pub(crate) async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Vec<String>, Error> {
        let within = self.first(|granted| {
            // An empty prefix asks for all there is, which is all that was granted.
            let prefix = if prefix.is_empty() { &*granted.access.prefix } else { prefix };
            granted.within(prefix).map(|()| (granted, prefix))
        });
        let (granted, prefix) = within?;
        granted.bucket.list(prefix, after).await
    }

    fn reach(&self, key: &str, wanted: Use) -> Result<&Granted, Error> {
        if key.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(denied("a key has an empty, `.` or `..` segment".to_owned()));
        }
        self.first(|granted| {
            granted.may(wanted)?;
            granted.within(key)?;
            Ok(granted)
        })
    }

    /// What the first grant answers that does not refuse, or why the first refuses.
    fn first<'a, T>(&'a self, ask: impl Fn(&'a Granted) -> Result<T, Error>) -> Result<T, Error> {
        let mut refused = None;
        for granted in self.0.iter() {
            match ask(granted) {
                Ok(answer) => return Ok(answer),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(refused.unwrap_or_else(|| denied("nothing was granted".to_owned())))
    }
}

impl Granted {
    fn may(&self, wanted: Use) -> Result<(), Error> {
        match wanted == Use::Write && self.access.read_only {
            false => Ok(()),
            true => {
                Err(denied(format!("bucket `{}` was granted for reading only", self.bucket.name())))
            }
        }
    }

    fn within(&self, key: &str) -> Result<(), Error> {
        let (name, prefix) = (self.bucket.name(), &self.access.prefix);
        match key.starts_with(prefix) {
            true => Ok(()),
            false => Err(denied(format!(
                "a key lies outside of `{prefix}`, which of bucket `{name}` was granted"
            ))),
        }
    }
}

fn denied(text: String) -> Error {
    Error::new(ErrorKind::Denied, text)
}
