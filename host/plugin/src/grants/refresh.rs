//! Refresh: storing an object again renews its age, so that it does not expire under a new reference.

use std::time::{Duration, SystemTime};

use cloakroom_core::{Bucket, Error, ErrorKind, ObjectInfo, PutMode, clean};

use crate::instance::rope::Rope;

/// When the age of an object is renewed by storing it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refresh {
    pub(crate) after: Duration,
    pub(crate) failure: RefreshFailure,
}

/// Policy for an object whose age cannot be renewed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RefreshFailure {
    /// Storing fails, and no reference is written.
    #[default]
    Fail,
    /// Storing goes on with a warning in the log: the object may expire under the new reference.
    Warn,
}

/// The object that is there, next to the one that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    /// They are equal, or nobody looked.
    Alike,
    /// They have one size and different bytes.
    Different,
}

impl Refresh {
    /// Returns the object's age, if that is more than it may be.
    pub(crate) fn due(&self, found: &ObjectInfo) -> Option<Duration> {
        // By a clock that runs ahead of ours, an object may be from the future.
        let age = SystemTime::now().duration_since(found.modified?).unwrap_or_default();
        Some(age).filter(|age| *age >= self.after)
    }

    /// Writes the bytes of an object anew, if those that are there are equal. No store can renew
    /// an age without a write, and every store replaces an object as a whole or not at all.
    pub(crate) async fn renew(
        &self,
        bucket: &dyn Bucket,
        key: &str,
        body: &Rope,
        age: Duration,
    ) -> Result<Compared, Error> {
        let renewed = match bucket.equals(key, body.parts()).await {
            Ok(true) => write(bucket, key, body).await,
            Ok(false) => return Ok(Compared::Different),
            // It has expired this moment.
            Err(error) if error.kind() == ErrorKind::NotFound => write(bucket, key, body).await,
            Err(error) => Err(error),
        };
        match renewed {
            Ok(()) => tracing::debug!(bucket = bucket.name(), "renewed the age of an object"),
            Err(error) => self.failed(&error, Some(age))?,
        }
        Ok(Compared::Alike)
    }

    /// Says that an age cannot be renewed, or is not told.
    pub(crate) fn failed(&self, error: &Error, age: Option<Duration>) -> Result<(), Error> {
        let text = format!(
            "an object that is stored again is {} (`refresh_after` is {}), and its age cannot \
             be renewed: {error}; renewing takes permission to read and to replace objects \
             (s3:GetObject and s3:PutObject; storage.objects.get, .create and .delete; blob read \
             and write)",
            age.map_or_else(|| "of unknown age".to_owned(), |age| format!("{} old", shown(age))),
            shown(self.after)
        );
        match self.failure {
            RefreshFailure::Fail => {
                let text = format!("{text}, or `refresh_failure = \"warn\"`");
                Err(Error::new(error.kind(), text))
            }
            RefreshFailure::Warn => {
                tracing::warn!("{}", clean(&text, 4096));
                Ok(())
            }
        }
    }
}

async fn write(bucket: &dyn Bucket, key: &str, body: &Rope) -> Result<(), Error> {
    bucket.put(key, body.parts().to_vec(), PutMode::Overwrite).await.map(drop)
}

/// A time in the largest unit that there are two of.
fn shown(time: Duration) -> String {
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
            assert_eq!(shown(Duration::from_secs(seconds)), words);
        }
    }
}
