//! How much of a bucket a plugin is given.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use cloakroom_core::{Bucket, Error, ErrorKind, PutMode};

use crate::{
    RefreshFailure,
    grants::{
        bucket_uses::{Use, Uses},
        refresh::Refresh,
        upload::{self, Put},
    },
    instance::{held_memory::Hold, rope::Rope},
};

/// How much of a bucket a plugin is given: which keys, what it may do with them, and when an object
/// that is stored again is refreshed.
///
/// Reading and writing are given unless taken away. Overwriting, removing and listing are not given
/// unless added: a plugin that stores needs none of them, and could destroy with them what others
/// stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketAccess {
    prefix: String,
    uses: Uses,
    refresh: Option<Duration>,
    refresh_failure: RefreshFailure,
}

impl BucketAccess {
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
        !self.uses.change()
    }

    /// Takes away writing, and whatever else changes objects.
    pub fn read_only(mut self) -> Self {
        self.uses = Uses::READ;
        self
    }

    /// Takes away reading: objects, and their sizes.
    pub fn without_reading(mut self) -> Self {
        self.uses.read = false;
        self
    }

    /// Allows replacing any object. Without this an object is replaced only by the one that is being
    /// stored, and only under a key that names its SHA-256: such an object is damaged, and the bundled
    /// drivers repair it.
    pub fn overwrite(mut self) -> Self {
        self.uses.overwrite = true;
        self
    }

    /// Allows removing objects.
    pub fn remove(mut self) -> Self {
        self.uses.remove = true;
        self
    }

    /// Allows listing keys.
    pub fn list(mut self) -> Self {
        self.uses.list = true;
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
pub(crate) struct GrantedBuckets(Arc<[Granted]>);

struct Granted {
    bucket: Arc<dyn Bucket>,
    access: BucketAccess,
}

impl GrantedBuckets {
    pub(crate) fn new(bucket: Arc<dyn Bucket>, access: BucketAccess) -> Self {
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

    /// Names the buckets, and what of each may be read.
    pub(crate) fn identity(&self) -> Vec<(String, String)> {
        let granted = self.0.iter();
        let part = |one: &Granted| format!("{} {:?}", one.access.prefix, one.access.uses);
        granted.map(|one| (one.bucket.name().to_owned(), part(one))).collect()
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
        let repairs = storing && names_its_content(key, body);
        let wanted = match mode {
            PutMode::Overwrite if !repairs => Use::Overwrite,
            _ => Use::Write,
        };
        let Granted { bucket, access } = self.reach(key, wanted)?;
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
        self.reach(key, Use::Remove)?.bucket.remove(key).await
    }

    pub(crate) async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Vec<String>, Error> {
        let within = self.first(|granted| {
            // An empty prefix asks for all there is, which is all that was granted.
            let prefix = if prefix.is_empty() { &*granted.access.prefix } else { prefix };
            granted.may(Use::List)?;
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
        let name = self.bucket.name();
        if self.access.uses.allow(wanted) {
            Ok(())
        } else if self.access.is_read_only() && wanted.changes() {
            Err(denied(format!("bucket `{name}` was granted for reading only")))
        } else {
            let word = wanted.word();
            Err(denied(format!(
                "bucket `{name}` was granted without `{word}`: add it to `allow` of the bucket, if the \
                 plugin is trusted with that"
            )))
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

/// Returns whether a body is an object whose SHA-256 the host knows, and the key names it: nothing
/// that differs can belong there.
fn names_its_content(key: &str, body: &Rope) -> bool {
    body.sha256().is_some_and(|sha256| key.contains(&hex::encode(sha256)))
}

fn denied(text: String) -> Error {
    Error::new(ErrorKind::Denied, text)
}
