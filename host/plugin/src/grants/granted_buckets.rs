//! Buckets within their grants: every request of a plugin, or of a forged claim behind it, passes here.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom_core::{Bucket, Error, ErrorKind, PutMode, Remedy};

use super::{
    bucket_access::BucketAccess,
    bucket_uses::BucketUse,
    object_body::ObjectBody,
    probe_bucket::ProbeBucket,
    upload::{self, Upload},
};

/// Most bytes of a key, as in S3 and GCS.
const KEY: usize = 1024;

/// A granted bucket, or several that have one name in their stores.
#[derive(Clone)]
pub(crate) struct GrantedBuckets(Arc<[GrantedBucket]>);

struct GrantedBucket {
    bucket: Arc<dyn Bucket>,
    access: BucketAccess,
}

impl GrantedBuckets {
    pub(crate) fn new(bucket: Arc<dyn Bucket>, access: BucketAccess) -> Self {
        Self(Arc::new([GrantedBucket { bucket, access }]))
    }

    /// Returns those of `all` whose name in their store is `name`.
    pub(crate) fn with_store_name<'a>(
        name: &str,
        all: impl Iterator<Item = &'a Self>,
    ) -> Option<Self> {
        let granted = all.flat_map(|buckets| buckets.0.iter());
        let granted = granted.filter(|granted| granted.bucket.name() == name);
        let granted: Arc<[_]> = granted
            .map(|GrantedBucket { bucket, access }| GrantedBucket {
                bucket: bucket.clone(),
                access: access.clone(),
            })
            .collect();
        (!granted.is_empty()).then_some(Self(granted))
    }

    /// Puts another bucket in place of each, within the same access.
    pub(super) fn replace_bucket(&mut self, change: &impl Fn(Arc<dyn Bucket>) -> Arc<dyn Bucket>) {
        let changed = |GrantedBucket { bucket, access }: &GrantedBucket| GrantedBucket {
            bucket: change(bucket.clone()),
            access: access.clone(),
        };
        self.0 = self.0.iter().map(changed).collect();
    }

    /// Returns buckets in memory with the same names and access.
    pub(super) fn for_probes(&self) -> Self {
        let probe = |granted: &GrantedBucket| GrantedBucket {
            bucket: Arc::new(ProbeBucket::new(granted.bucket.name())),
            access: granted.access.clone(),
        };
        Self(self.0.iter().map(probe).collect())
    }

    /// Returns each bucket's name and readable part, for comparing grants.
    pub(super) fn identity(&self) -> Vec<(String, String)> {
        let granted = self.0.iter();
        let part = |one: &GrantedBucket| format!("{} {:?}", one.access.prefix, one.access.uses);
        granted.map(|one| (one.bucket.name().to_owned(), part(one))).collect()
    }

    pub(crate) fn name(&self) -> &str {
        self.0.first().map_or("", |granted| granted.bucket.name())
    }

    /// Writes an object. `storing` says whether the call stores an object for the pipeline: only then are
    /// ages renewed and damaged objects repaired.
    ///
    /// # Errors
    /// `Denied` beyond the grant, or the bucket's error.
    pub(crate) async fn put(
        &self,
        key: &str,
        body: ObjectBody<'_>,
        mode: PutMode,
        storing: bool,
    ) -> Result<Upload, Error> {
        // Under a key that names the content nothing else can belong: an object that differs is damaged,
        // and a driver may replace it without the right to overwrite others' objects.
        let repairs = storing && names_its_content(key, body);
        let wanted = match mode {
            PutMode::Overwrite if !repairs => BucketUse::Overwrite,
            _ => BucketUse::Write,
        };
        let GrantedBucket { bucket, access } = self.grant_for(key, wanted)?;
        let refresh = access.refresh().filter(|_| storing);
        upload::put(&**bucket, refresh, key, body, mode).await
    }

    /// Reads an object of at most `limit` bytes.
    pub(crate) async fn get(&self, key: &str, limit: u64) -> Result<Bytes, Error> {
        self.grant_for(key, BucketUse::Read)?.bucket.get(key, limit).await
    }

    pub(crate) async fn size(&self, key: &str) -> Result<Option<u64>, Error> {
        self.grant_for(key, BucketUse::Read)?.bucket.size(key).await
    }

    pub(crate) async fn remove(&self, key: &str) -> Result<(), Error> {
        self.grant_for(key, BucketUse::Remove)?.bucket.remove(key).await
    }

    pub(crate) async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Vec<String>, Error> {
        let within = self.first_allowed(|granted| {
            // An empty prefix asks for all keys, which means all that were granted.
            let prefix = if prefix.is_empty() { &*granted.access.prefix } else { prefix };
            granted.check_use(BucketUse::List)?;
            if prefix.len() > KEY {
                return Err(denied(format!("a prefix has {} bytes", prefix.len())));
            }
            granted.check_prefix(prefix).map(|()| (granted, prefix))
        });
        let (granted, prefix) = within?;
        granted.bucket.list(prefix, after).await
    }

    fn grant_for(&self, key: &str, wanted: BucketUse) -> Result<&GrantedBucket, Error> {
        // No store takes a longer one, and the client for S3 panics where it makes no valid URI.
        if key.len() > KEY {
            let text = format!("a key has {} bytes, and stores take at most {KEY}", key.len());
            return Err(denied(text));
        }
        // Some stores and proxies resolve such segments, and would then reach a key outside the prefix.
        if key.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(denied("a key has an empty, `.` or `..` segment".to_owned()));
        }
        self.first_allowed(|granted| {
            granted.check_use(wanted)?;
            granted.check_prefix(key)?;
            Ok(granted)
        })
    }

    /// Returns the first result that is not an error, or the first error.
    fn first_allowed<'a, T>(
        &'a self,
        check: impl Fn(&'a GrantedBucket) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut refusal = None;
        for granted in self.0.iter() {
            match check(granted) {
                Ok(allowed) => return Ok(allowed),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal.unwrap_or_else(|| denied("nothing was granted".to_owned())))
    }
}

impl GrantedBucket {
    fn check_use(&self, wanted: BucketUse) -> Result<(), Error> {
        let name = self.bucket.name();
        if self.access.uses.allows(wanted) {
            Ok(())
        } else if self.access.is_read_only() && wanted.changes_objects() {
            Err(denied(format!("bucket `{name}` was granted for reading only")))
        } else {
            let word = wanted.as_str();
            let text = format!(
                "bucket `{name}` was granted without `{word}`: add it, if the plugin is trusted with that"
            );
            Err(denied(text).with_remedies(&[Remedy::BucketUses]))
        }
    }

    fn check_prefix(&self, key: &str) -> Result<(), Error> {
        let (name, prefix) = (self.bucket.name(), &self.access.prefix);
        if key.starts_with(prefix) {
            return Ok(());
        }
        let text = format!(
            "a key lies outside of `{prefix}`, the part of bucket `{name}` that was granted"
        );
        Err(denied(text).with_remedies(&[Remedy::BucketPrefix]))
    }
}

/// Returns whether the key contains the SHA-256 of an object that the host has hashed itself.
fn names_its_content(key: &str, body: ObjectBody<'_>) -> bool {
    body.sha256.is_some_and(|sha256| key.contains(&hex::encode(sha256)))
}

fn denied(text: String) -> Error {
    Error::new(ErrorKind::Denied, text)
}
