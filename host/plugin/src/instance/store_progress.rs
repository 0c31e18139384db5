//! Progress of storing one object, as the host sees it in the driver's puts.

use cloakroom_core::{Error, ErrorKind, PutOutcome, clean};

use crate::grants::upload::Upload;

/// Most characters of a key that are shown.
const KEY: usize = 1024;

/// State of the object of a `store` call: what its driver has written so far.
#[derive(Default)]
pub(crate) struct StoreProgress {
    /// Size of the object. `None` in any other call.
    object: Option<usize>,
    written: bool,
    already_there: bool,
    /// Reason why the object is not where the driver put it.
    lost: Option<Error>,
    /// Bucket, key and size of the object that the last put found.
    measured: Option<(String, String, u64)>,
}

impl StoreProgress {
    /// Returns the state of a call that stores an object of `size` bytes.
    pub(crate) fn for_object(size: usize) -> Self {
        Self { object: Some(size), ..Self::default() }
    }

    /// Returns whether an object is being stored.
    pub(crate) fn is_storing(&self) -> bool {
        self.object.is_some()
    }

    /// Records the result of a put of `size` bytes.
    pub(crate) fn record(&mut self, bucket: &str, key: &str, size: usize, upload: Upload) {
        let known = match upload {
            Upload::Written => None,
            Upload::AlreadyThere | Upload::BytesDiffer => Some(size as u64),
            Upload::SizeDiffers(found) => Some(found),
        };
        self.measured = known.map(|known| (bucket.to_owned(), key.to_owned(), known));
        // A driver may write other objects beside it, such as an index.
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
        self.lost = match upload {
            Upload::Written => {
                self.written = true;
                None
            }
            Upload::AlreadyThere => {
                self.already_there = true;
                None
            }
            Upload::SizeDiffers(found) => lost(format!("of {found} bytes instead of {size}")),
            Upload::BytesDiffer => {
                lost(format!("with other contents, though also of {size} bytes"))
            }
        };
    }

    /// Returns the size of an object if the last put found it: a driver that asks for it next is spared
    /// the request.
    pub(crate) fn size(&self, bucket: &str, key: &str) -> Option<u64> {
        let (known_bucket, known_key, size) = self.measured.as_ref()?;
        (known_bucket == bucket && known_key == key).then_some(*size)
    }

    /// Returns whether the object was written or was there already.
    ///
    /// # Errors
    /// `Corrupt` if the last put of the object found another one and left it: the claim would name that
    /// one.
    pub(crate) fn finish(self) -> Result<PutOutcome, Error> {
        match self.lost {
            Some(lost) => Err(lost),
            None if self.already_there && !self.written => Ok(PutOutcome::AlreadyThere),
            None => Ok(PutOutcome::Written),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(puts: &[(usize, Upload)], expect: Result<PutOutcome, ErrorKind>) {
        let mut progress = StoreProgress::for_object(10);
        for (size, upload) in puts {
            progress.record("b", "k", *size, *upload);
        }
        assert_eq!(progress.finish().map_err(|error| error.kind()), expect, "{puts:?}");
    }

    #[test]
    fn an_object_must_be_where_it_was_put() {
        check(&[], Ok(PutOutcome::Written));
        check(&[(10, Upload::Written)], Ok(PutOutcome::Written));
        check(&[(10, Upload::AlreadyThere)], Ok(PutOutcome::AlreadyThere));
        check(&[(10, Upload::AlreadyThere), (10, Upload::Written)], Ok(PutOutcome::Written));
        check(&[(10, Upload::SizeDiffers(9))], Err(ErrorKind::Corrupt));
        check(&[(10, Upload::BytesDiffer)], Err(ErrorKind::Corrupt));
        check(&[(10, Upload::SizeDiffers(9)), (10, Upload::Written)], Ok(PutOutcome::Written));
        // Another object may differ: it is not the one that the claim names.
        check(
            &[(10, Upload::AlreadyThere), (3, Upload::SizeDiffers(4))],
            Ok(PutOutcome::AlreadyThere),
        );
    }
}
