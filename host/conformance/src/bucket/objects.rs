//! Rules about objects: bytes, sizes, and objects that are not there.

use bytes::Bytes;
use cloakroom_core::ErrorKind;
use futures::future::BoxFuture;

use super::subject::BucketSubject;
use crate::{
    sample::{CHUNK, bytes},
    verdict::{Checked, broken, call, describe},
};

pub(super) fn name(subject: &BucketSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        if subject.bucket.name().is_empty() {
            return Err(broken("its name", "it is empty"));
        }
        Ok(1)
    })
}

pub(super) fn sizes(subject: &BucketSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let mut sampler = subject.sampler("round-trip");
        let sizes = [0, 1, 1000, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17];
        for size in sizes {
            let (case, body) = (bytes(size), sampler.noise(size));
            let key = subject.key("round-trip", &format!("whole-{size}"));
            subject.write(&case, &key, vec![body.clone()]).await?;
            subject.holds(&case, &key, &body).await?;
            let case = format!("{case} in pieces");
            let key = subject.key("round-trip", &format!("pieces-{size}"));
            let middle = size / 3;
            let pieces =
                vec![Bytes::new(), body.slice(..middle), body.slice(middle..), Bytes::new()];
            subject.write(&case, &key, pieces).await?;
            subject.holds(&case, &key, &body).await?;
        }
        Ok(sizes.len() * 2)
    })
}

pub(super) fn size(subject: &BucketSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let mut sampler = subject.sampler("size");
        let sizes = [0_usize, 1, 70_000];
        for size in sizes {
            let (case, key) = (bytes(size), subject.key("size", &size.to_string()));
            subject.write(&case, &key, vec![sampler.noise(size)]).await?;
            let (found, stat) =
                (call(subject.bucket.size(&key)).await, call(subject.bucket.stat(&key)).await);
            let failed = |error| broken(&*case, format!("it ended with {}", describe(&error)));
            let (found, stat) = (found.map_err(failed)?, stat.map_err(failed)?);
            if found != Some(size as u64) || stat.map(|stat| stat.size) != found {
                return Err(broken(case, format!("its size is said to be {found:?}")));
            }
        }
        subject.lacks("a missing object", &subject.key("size", "missing")).await?;
        Ok(sizes.len() + 1)
    })
}

pub(super) fn missing(subject: &BucketSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let key = subject.key("missing", "object");
        subject.lacks("a missing object", &key).await?;
        match call(subject.bucket.remove(&key)).await {
            Ok(()) => {}
            // It removes nothing at all.
            Err(error) if error.kind() == ErrorKind::Denied => {}
            Err(error) => {
                let text = format!("it ended with {}", describe(&error));
                return Err(broken("removing a missing object", text));
            }
        }
        Ok(2)
    })
}

pub(super) fn limit(subject: &BucketSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let (key, body) = (subject.key("limit", "object"), subject.sampler("limit").noise(5000));
        subject.write("5,000 bytes", &key, vec![body]).await?;
        for (most, is_enough) in [(5000, true), (4999, false), (0, false), (u64::MAX, true)] {
            let case = format!("5,000 bytes where {most} are taken");
            match subject.get(&key, most).await {
                Ok(_) if is_enough => {}
                Err(error) if !is_enough && matches!(error.kind(), ErrorKind::LimitExceeded(_)) => {
                }
                Ok(_) => return Err(broken(case, "they were read")),
                Err(error) => {
                    return Err(broken(case, format!("it ended with {}", describe(&error))));
                }
            }
        }
        Ok(4)
    })
}

pub(super) fn equals(subject: &BucketSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let (key, body) = (subject.key("equals", "object"), subject.sampler("equals").noise(5000));
        subject.write("5,000 bytes", &key, vec![body.clone()]).await?;
        let mut changed = body.to_vec();
        if let Some(last) = changed.last_mut() {
            *last ^= 1;
        }
        let cases = [
            ("the same", vec![body.clone()], true),
            ("the same in pieces", vec![body.slice(..7), Bytes::new(), body.slice(7..)], true),
            ("one byte less", vec![body.slice(..4999)], false),
            ("one byte more", vec![body.clone(), Bytes::from_static(b"x")], false),
            ("another last byte", vec![changed.into()], false),
            ("nothing", vec![], false),
        ];
        let count = cases.len();
        for (case, other, expected) in cases {
            match call(subject.bucket.equals(&key, &other)).await {
                Ok(equal) if equal == expected => {}
                Ok(equal) => return Err(broken(case, format!("it said {equal}"))),
                Err(error) => {
                    return Err(broken(case, format!("it ended with {}", describe(&error))));
                }
            }
        }
        Ok(count)
    })
}
