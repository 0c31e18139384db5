//! Writes of a driver: the size of an object that is there is checked before it is relied on.

use cloakroom_core::{Bucket, Error, ErrorKind, ObjectInfo, PutMode, PutOutcome, clean};

use crate::{
    grants::refresh::{Compared, Refresh},
    instance::rope::Rope,
};

/// A key is shown up to this many characters.
const KEY: usize = 1024;

/// From this size on it is asked first whether the object is there: an upload saved is worth it.
const LARGE: usize = 1 << 20;

/// The outcome of a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// The object was written.
    Written,
    /// An object was there; its size is the same, or may not be asked for.
    Found,
    /// An object of another size was there, and stayed.
    OtherSize(u64),
    /// An object of the same size and with other bytes was there, and stayed.
    OtherBytes,
}

impl Put {
    pub(crate) fn outcome(self) -> PutOutcome {
        match self {
            Self::Written => PutOutcome::Written,
            Self::Found | Self::OtherSize(_) | Self::OtherBytes => PutOutcome::AlreadyThere,
        }
    }
}

/// Writes an object as `mode` says. `refresh` renews the age of an equal one that is there.
pub(crate) async fn put(
    bucket: &dyn Bucket,
    refresh: Option<Refresh>,
    key: &str,
    body: &Rope,
    mode: PutMode,
) -> Result<Put, Error> {
    if mode == PutMode::Create {
        if body.len() >= LARGE {
            match bucket.stat(key).await {
                Ok(Some(found)) => return judge(bucket, refresh, key, body, found).await,
                Ok(None) => {}
                // Asking may be denied where writing is not.
                Err(error) if error.kind() == ErrorKind::Denied => {}
                Err(error) => return Err(error),
            }
        }
        if bucket.put(key, body.parts().to_vec(), mode).await? == PutOutcome::Written {
            return Ok(Put::Written);
        }
        match bucket.stat(key).await {
            Ok(Some(found)) => return judge(bucket, refresh, key, body, found).await,
            // Deleted, or expired, since.
            Ok(None) => {}
            Err(error) if error.kind() == ErrorKind::Denied => {
                // It may be as old as can be.
                refresh.map_or(Ok(()), |refresh| refresh.failed(&error, None))?;
                return Ok(Put::Found);
            }
            Err(error) => return Err(error),
        }
    }
    bucket.put(key, body.parts().to_vec(), PutMode::Overwrite).await?;
    Ok(Put::Written)
}

async fn judge(
    bucket: &dyn Bucket,
    refresh: Option<Refresh>,
    key: &str,
    body: &Rope,
    found: ObjectInfo,
) -> Result<Put, Error> {
    if found.size != body.len() as u64 {
        return Ok(Put::OtherSize(found.size));
    }
    let due = refresh.and_then(|refresh| Some((refresh, refresh.due(&found)?)));
    match due {
        None => Ok(Put::Found),
        Some((refresh, age)) => match refresh.renew(bucket, key, body, age).await? {
            Compared::Alike => Ok(Put::Found),
            Compared::Different => Ok(Put::OtherBytes),
        },
    }
}

/// The object of a `store` call, and what its driver has done about it so far.
#[derive(Default)]
pub(crate) struct Progress {
    /// The object's size; none in any other call.
    object: Option<usize>,
    written: bool,
    found: bool,
    /// Why the object is not where it was put.
    lost: Option<Error>,
    /// The bucket, key and size that the last put has measured.
    measured: Option<(String, String, u64)>,
}

impl Progress {
    /// The progress of a call that stores an object of this size.
    pub(crate) fn of(size: usize) -> Self {
        Self { object: Some(size), ..Self::default() }
    }

    /// Returns whether an object is being stored.
    pub(crate) fn is_storing(&self) -> bool {
        self.object.is_some()
    }

    /// Notes what became of a put of `size` bytes.
    pub(crate) fn note(&mut self, bucket: &str, key: &str, size: usize, put: Put) {
        let known = match put {
            Put::Written => None,
            Put::Found | Put::OtherBytes => Some(size as u64),
            Put::OtherSize(found) => Some(found),
        };
        self.measured = known.map(|known| (bucket.to_owned(), key.to_owned(), known));
        // A driver may write what else it likes beside the object.
        if self.object != Some(size) {
            return;
        }
        let lost = |what: String| {
            let key = clean(key, KEY);
            let text = format!(
                "bucket `{bucket}`, key `{key}`: another object is there, {what}, and the driver \
                 left it: the payload would not be found again; remove that object, or have the \
                 driver make keys of the content"
            );
            Some(Error::new(ErrorKind::Corrupt, text))
        };
        self.lost = match put {
            Put::Written => {
                self.written = true;
                None
            }
            Put::Found => {
                self.found = true;
                None
            }
            Put::OtherSize(found) => lost(format!("of {found} bytes instead of {size}")),
            Put::OtherBytes => lost(format!("with other contents, though also of {size} bytes")),
        };
    }

    /// The size of an object that the last put has measured: a driver that looks at it once more
    /// is spared the request.
    pub(crate) fn size(&self, bucket: &str, key: &str) -> Option<u64> {
        let (known_bucket, known_key, size) = self.measured.as_ref()?;
        (known_bucket == bucket && known_key == key).then_some(*size)
    }

    /// Returns whether the object was there before.
    ///
    /// # Errors
    /// `Corrupt` if another object is where this one was put.
    pub(crate) fn finish(self) -> Result<PutOutcome, Error> {
        match self.lost {
            Some(lost) => Err(lost),
            None if self.found && !self.written => Ok(PutOutcome::AlreadyThere),
            None => Ok(PutOutcome::Written),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(puts: &[(usize, Put)], expect: Result<PutOutcome, ErrorKind>) {
        let mut progress = Progress::of(10);
        for (size, put) in puts {
            progress.note("b", "k", *size, *put);
        }
        assert_eq!(progress.finish().map_err(|error| error.kind()), expect, "{puts:?}");
    }

    #[test]
    fn an_object_must_be_where_it_was_put() {
        check(&[], Ok(PutOutcome::Written));
        check(&[(10, Put::Written)], Ok(PutOutcome::Written));
        check(&[(10, Put::Found)], Ok(PutOutcome::AlreadyThere));
        check(&[(10, Put::Found), (10, Put::Written)], Ok(PutOutcome::Written));
        check(&[(10, Put::OtherSize(9))], Err(ErrorKind::Corrupt));
        check(&[(10, Put::OtherBytes)], Err(ErrorKind::Corrupt));
        check(&[(10, Put::OtherSize(9)), (10, Put::Written)], Ok(PutOutcome::Written));
        // What is not the object may be another's.
        check(&[(10, Put::Found), (3, Put::OtherSize(4))], Ok(PutOutcome::AlreadyThere));
    }
}
