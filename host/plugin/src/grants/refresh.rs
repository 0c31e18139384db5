//! Refresh of objects: storing an object again renews its age, so that it does not expire under its
//! new reference.

use std::time::{Duration, SystemTime};

use cloakroom_core::{Bucket, Error, ErrorKind, ObjectInfo, PutMode, Remedy, clean};

use super::object_body::ObjectBody;

/// Rule that renews the age of an object when it is stored again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refresh {
    /// Age from which it is renewed.
    pub(super) after: Duration,
    pub(super) failure: RefreshFailure,
}

/// Policy for an object whose age cannot be renewed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshFailure {
    /// Storing fails, and no reference is written.
    #[default]
    Fail,
    /// Storing goes on with a warning in the log: the object may expire under the new reference.
    Warn,
}

/// Result of renewing the age of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RenewOutcome {
    /// The object that is there is equal, or could not be compared.
    Equal,
    /// The object that is there has other bytes, and was left.
    BytesDiffer,
}

impl Refresh {
    /// Returns the object's age if it must be renewed.
    pub(super) fn due(&self, existing: &ObjectInfo) -> Option<Duration> {
        // If the store's clock runs ahead of ours, the object is from the future: its age is zero.
        let age = SystemTime::now().duration_since(existing.modified?).unwrap_or_default();
        Some(age).filter(|age| *age >= self.after)
    }

    /// Writes an object again if the bytes that are there are equal.
    ///
    /// No store can renew an age without a write. Every store replaces an object as a whole or not at
    /// all, so a reader sees the same bytes at any time.
    ///
    /// # Errors
    /// The bucket's error, unless the policy is to warn.
    pub(super) async fn renew(
        &self,
        bucket: &dyn Bucket,
        key: &str,
        body: ObjectBody<'_>,
        age: Duration,
    ) -> Result<RenewOutcome, Error> {
        let renewed = match bucket.equals(key, body.parts).await {
            Ok(true) => write(bucket, key, body).await,
            Ok(false) => return Ok(RenewOutcome::BytesDiffer),
            // It expired a moment ago.
            Err(error) if error.kind() == ErrorKind::NotFound => write(bucket, key, body).await,
            Err(error) => Err(error),
        };
        match renewed {
            Ok(()) => tracing::debug!(bucket = bucket.name(), "renewed the age of an object"),
            Err(error) => self.report_failure(&error, Some(age))?,
        }
        Ok(RenewOutcome::Equal)
    }

    /// Fails or warns, as the policy says, if an age cannot be renewed or is unknown.
    ///
    /// # Errors
    /// An error of the same kind, unless the policy is to warn.
    pub(super) fn report_failure(&self, error: &Error, age: Option<Duration>) -> Result<(), Error> {
        let text = format!(
            "an object that is stored again is {} and from {} on its age is renewed, which \
             did not work: {error}; renewing takes permission to read and to replace objects \
             (s3:GetObject and s3:PutObject; storage.objects.get, .create and .delete; blob read \
             and write)",
            age.map_or_else(
                || "of unknown age,".to_owned(),
                |age| format!("{} old,", format_age(age))
            ),
            format_age(self.after)
        );
        match self.failure {
            RefreshFailure::Fail => {
                let text = format!("{text}, or a warning in place of this error");
                Err(Error::new(error.kind(), text).with_remedies(&[Remedy::RefreshFailure]))
            }
            RefreshFailure::Warn => {
                tracing::warn!("{}", clean(&text, 4096));
                Ok(())
            }
        }
    }
}

async fn write(bucket: &dyn Bucket, key: &str, body: ObjectBody<'_>) -> Result<(), Error> {
    bucket.put(key, body.parts.to_vec(), PutMode::Overwrite).await.map(drop)
}

/// Formats a time in the largest unit of which it has at least two.
fn format_age(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(86_400, "days"), (3600, "hours"), (60, "minutes")];
    match units.into_iter().find(|(unit, _)| seconds >= 2 * unit) {
        Some((unit, name)) => format!("{} {name}", seconds / unit),
        None => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_due_by_age_and_never_without_one() {
        let refresh =
            Refresh { after: Duration::from_secs(3600), failure: RefreshFailure::default() };
        let aged = |seconds: u64| SystemTime::now().checked_sub(Duration::from_secs(seconds));
        let due = |modified| refresh.due(&ObjectInfo { size: 1, modified }).is_some();
        assert!(due(aged(3601)) && !due(aged(60)) && !due(None));
        assert!(!due(SystemTime::now().checked_add(Duration::from_secs(9000))));
    }

    #[test]
    fn ages_are_shown_in_words() {
        for (seconds, words) in
            [(0, "0 seconds"), (7199, "119 minutes"), (7200, "2 hours"), (29 * 86_400, "29 days")]
        {
            assert_eq!(format_age(Duration::from_secs(seconds)), words);
        }
    }
}
