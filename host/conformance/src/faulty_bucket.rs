//! Bucket that fails, lies or waits when it is told to, in front of another.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering::SeqCst},
};

use bytes::Bytes;
use cloakroom_core::{Bucket, Error, ErrorKind, ObjectInfo, PutMode, PutOutcome};
use futures::future::BoxFuture;

use crate::gate::Gate;

/// Control over the faults of buckets and services. All open at first: they behave. Clones are the same
/// control.
///
/// A [`DriverSuite`](crate::DriverSuite) makes the backend of a driver fail by it.
#[derive(Clone, Default)]
pub struct Faults {
    fault: Arc<AtomicU8>,
    gate: Gate,
}

/// Fault of a bucket or a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Fault {
    None,
    /// Every request is refused.
    Denied,
    /// Objects are not there.
    Gone,
    /// Every request is lost.
    Unavailable,
    /// Objects hold other bytes of the same size.
    OtherBytes,
    /// Objects are half as long as they were.
    CutShort,
    /// Writes claim that the object is there already, and sizes are one too large.
    FalseAnswers,
}

impl Faults {
    /// Returns a bucket in front of this one, whose faults are under this control.
    #[must_use]
    pub fn wrap(&self, bucket: Arc<dyn Bucket>) -> FaultyBucket {
        FaultyBucket { inner: bucket, faults: self.clone() }
    }

    /// Sets the fault of all requests from now on.
    pub(crate) fn set(&self, fault: Fault) {
        self.fault.store(fault as u8, SeqCst);
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(crate) fn is(&self, fault: Fault) -> bool {
        self.fault.load(SeqCst) == fault as u8
    }

    /// Waits at the gate, and returns the error of the fault, if it is one that fails all requests.
    async fn admit(&self) -> Result<(), Error> {
        self.gate.pass().await;
        let (kind, text) = if self.is(Fault::Denied) {
            (ErrorKind::Denied, "the suite has this bucket refuse the request")
        } else if self.is(Fault::Unavailable) {
            (ErrorKind::Unavailable, "the suite has this bucket lose the request")
        } else {
            return Ok(());
        };
        Err(Error::new(kind, text))
    }
}

/// Bucket in front of another, which fails, lies or waits as its [`Faults`] say.
#[derive(Clone)]
pub struct FaultyBucket {
    inner: Arc<dyn Bucket>,
    faults: Faults,
}

impl FaultyBucket {
    fn altered(&self, object: Bytes) -> Bytes {
        if self.faults.is(Fault::OtherBytes) {
            return object.iter().map(|byte| byte ^ 0x5a).collect::<Vec<_>>().into();
        }
        let is_cut = self.faults.is(Fault::CutShort);
        if is_cut { object.slice(..object.len() / 2) } else { object }
    }

    fn measured(&self, size: u64) -> u64 {
        if self.faults.is(Fault::FalseAnswers) {
            return size + 1;
        }
        if self.faults.is(Fault::CutShort) { size / 2 } else { size }
    }
}

#[deny(clippy::missing_trait_methods)]
impl Bucket for FaultyBucket {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        body: Vec<Bytes>,
        mode: PutMode,
    ) -> BoxFuture<'a, Result<PutOutcome, Error>> {
        Box::pin(async move {
            self.faults.admit().await?;
            if self.faults.is(Fault::FalseAnswers) {
                return Ok(PutOutcome::AlreadyThere);
            }
            self.inner.put(key, body, mode).await
        })
    }

    fn get<'a>(&'a self, key: &'a str, most: u64) -> BoxFuture<'a, Result<Bytes, Error>> {
        Box::pin(async move {
            self.faults.admit().await?;
            if self.faults.is(Fault::Gone) {
                return Err(Error::new(ErrorKind::NotFound, "the suite has removed the object"));
            }
            Ok(self.altered(self.inner.get(key, most).await?))
        })
    }

    fn size<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<u64>, Error>> {
        Box::pin(async move { Ok(self.stat(key).await?.map(|found| found.size)) })
    }

    fn stat<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<ObjectInfo>, Error>> {
        Box::pin(async move {
            self.faults.admit().await?;
            if self.faults.is(Fault::Gone) {
                return Ok(None);
            }
            let found = self.inner.stat(key).await?;
            Ok(found.map(|found| ObjectInfo { size: self.measured(found.size), ..found }))
        })
    }

    fn equals<'a>(&'a self, key: &'a str, body: &'a [Bytes]) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            self.faults.admit().await?;
            self.inner.equals(key, body).await
        })
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.faults.admit().await?;
            self.inner.remove(key).await
        })
    }

    fn expiring<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        Box::pin(async move {
            self.faults.admit().await?;
            self.inner.expiring(prefix).await
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        Box::pin(async move {
            self.faults.admit().await?;
            self.inner.list(prefix, after).await
        })
    }
}
