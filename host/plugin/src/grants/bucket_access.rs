//! Access to a bucket that a plugin is granted.

use std::time::Duration;

use bytes::Bytes;
use cloakroom_core::{Bucket, Error};

use super::{
    bucket_uses::BucketUses,
    refresh::{Refresh, RefreshFailure},
};
use crate::remedy::name_methods;

/// Access to a bucket: which keys, which uses of them, and when an object that is stored again is
/// refreshed.
///
/// Reading and writing are allowed unless taken away. Overwriting, removing and listing are denied
/// unless added: a plugin that stores needs none of them, and could destroy with them what others
/// stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketAccess {
    pub(super) prefix: String,
    pub(super) uses: BucketUses,
    refresh: Option<Duration>,
    refresh_failure: RefreshFailure,
}

impl BucketAccess {
    /// Returns access to every key, for reading and writing.
    #[must_use]
    pub fn whole() -> Self {
        Self::default()
    }

    /// Limits the access to keys that start with `prefix`. The host does not put the prefix before keys: a
    /// plugin that asks for another key is refused. Default: empty, which is every key.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Returns the prefix that every key must have.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns whether it allows no use that changes objects.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        !self.uses.can_change_objects()
    }

    /// Takes away every use but reading.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.uses = BucketUses::READ;
        self
    }

    /// Takes away reading: objects, and their sizes.
    #[must_use]
    pub fn without_reading(mut self) -> Self {
        self.uses.read = false;
        self
    }

    /// Allows replacing any object. Without this an object is replaced only by the one that is being
    /// stored, and only under a key that names its SHA-256: such an object is damaged, and the bundled
    /// drivers repair it.
    #[must_use]
    pub fn with_overwriting(mut self) -> Self {
        self.uses.overwrite = true;
        self
    }

    /// Allows removing objects.
    #[must_use]
    pub fn with_removing(mut self) -> Self {
        self.uses.remove = true;
        self
    }

    /// Allows listing keys.
    #[must_use]
    pub fn with_listing(mut self) -> Self {
        self.uses.list = true;
        self
    }

    /// Renews the age of an object that is stored again and is at least this old, if its bytes are equal.
    /// A lifecycle rule that deletes old objects would otherwise delete it under its new reference.
    /// Renewing takes one read and one write. Off by default.
    #[must_use]
    pub fn with_refresh_after(mut self, age: Duration) -> Self {
        self.refresh = Some(age);
        self
    }

    /// Sets the policy for an age that cannot be renewed. Default: [`RefreshFailure::Fail`].
    #[must_use]
    pub fn with_refresh_failure(mut self, failure: RefreshFailure) -> Self {
        self.refresh_failure = failure;
        self
    }

    /// Tries the other operations that storing may need on a probe object, which holds `object`: renews
    /// its age, if this access renews ages, and removes it.
    ///
    /// # Errors
    /// The bucket's error if the object cannot be renewed or removed, whatever
    /// [`Self::with_refresh_failure`] says.
    pub async fn try_on_probe(
        &self,
        bucket: &dyn Bucket,
        key: &str,
        object: Bytes,
    ) -> Result<(), Error> {
        let renewed = self.renew_probe(bucket, key, object).await;
        // Also if renewing failed, so that no probe object is left behind.
        bucket.remove(key).await?;
        renewed.map(drop)
    }

    /// Renews the age of a probe object, which holds `object`. Returns whether this access renews ages at
    /// all.
    ///
    /// # Errors
    /// The bucket's error if the age cannot be renewed, whatever [`Self::with_refresh_failure`] says.
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
        let renewed = refresh.renew(bucket, key, (&object).into(), Duration::ZERO).await;
        renewed.map(|_| true).map_err(name_methods)
    }

    pub(super) fn refresh(&self) -> Option<Refresh> {
        self.refresh.map(|after| Refresh { after, failure: self.refresh_failure })
    }
}
