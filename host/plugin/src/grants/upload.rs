//! Writes of objects: an object that is there already is compared before it is relied on.

use cloakroom_core::{Bucket, Error, ErrorKind, ObjectInfo, PutMode, PutOutcome};

use super::{
    object_body::ObjectBody,
    refresh::{Refresh, RenewOutcome},
};

/// Size from which the host asks first whether the object is there: saving an upload is worth a request.
const LARGE: usize = 1 << 20;

/// Result of writing an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upload {
    /// The object was written.
    Written,
    /// An object of the same size was there, or one whose size may not be asked for.
    AlreadyThere,
    /// An object of another size was there, and was left.
    SizeDiffers(u64),
    /// An object of the same size and with other bytes was there, and was left.
    BytesDiffer,
}

impl Upload {
    /// Returns whether another object was there.
    pub(crate) fn is_other(self) -> bool {
        matches!(self, Self::SizeDiffers(_) | Self::BytesDiffer)
    }

    /// Returns the result as a guest sees it.
    pub(crate) fn outcome(self) -> PutOutcome {
        match self {
            Self::Written => PutOutcome::Written,
            Self::AlreadyThere | Self::SizeDiffers(_) | Self::BytesDiffer => {
                PutOutcome::AlreadyThere
            }
        }
    }
}

/// Writes an object as `mode` says. `refresh` renews the age of an equal one that is there.
///
/// # Errors
/// The bucket's error.
pub(super) async fn put(
    bucket: &dyn Bucket,
    refresh: Option<Refresh>,
    key: &str,
    body: ObjectBody<'_>,
    mode: PutMode,
) -> Result<Upload, Error> {
    if mode == PutMode::Create {
        if body.len >= LARGE {
            match bucket.stat(key).await {
                Ok(Some(existing)) => return compare(bucket, refresh, key, body, existing).await,
                Ok(None) => {}
                // Reading may be denied where writing is not.
                Err(error) if error.kind() == ErrorKind::Denied => {}
                Err(error) => return Err(error),
            }
        }
        if bucket.put(key, body.parts.to_vec(), mode).await? == PutOutcome::Written {
            return Ok(Upload::Written);
        }
        match bucket.stat(key).await {
            Ok(Some(existing)) => return compare(bucket, refresh, key, body, existing).await,
            // It was deleted, or has expired, since the put.
            Ok(None) => {}
            Err(error) if error.kind() == ErrorKind::Denied => {
                // Its age is unknown, so it may expire at any time.
                refresh.map_or(Ok(()), |refresh| refresh.report_failure(&error, None))?;
                return Ok(Upload::AlreadyThere);
            }
            Err(error) => return Err(error),
        }
    }
    bucket.put(key, body.parts.to_vec(), PutMode::Overwrite).await?;
    Ok(Upload::Written)
}

/// Compares the object that is there with the one to be stored, and renews its age if that is due.
async fn compare(
    bucket: &dyn Bucket,
    refresh: Option<Refresh>,
    key: &str,
    body: ObjectBody<'_>,
    existing: ObjectInfo,
) -> Result<Upload, Error> {
    if existing.size != body.len as u64 {
        return Ok(Upload::SizeDiffers(existing.size));
    }
    let due = refresh.and_then(|refresh| Some((refresh, refresh.due(&existing)?)));
    match due {
        None => Ok(Upload::AlreadyThere),
        Some((refresh, age)) => match refresh.renew(bucket, key, body, age).await? {
            RenewOutcome::Equal => Ok(Upload::AlreadyThere),
            RenewOutcome::BytesDiffer => Ok(Upload::BytesDiffer),
        },
    }
}
