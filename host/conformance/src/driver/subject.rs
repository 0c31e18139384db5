//! Driver under test, and the calls that rules make.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom_core::{ByteSize, Claim, Context, Driver, Error, Object};

use crate::{
    faulty_bucket::{Fault, Faults},
    options::Options,
    sample::{self, Sampler, context, plain},
    verdict::{Stop, broken, call, describe, not_run},
};

/// Driver under test, and its relatives.
pub(crate) struct DriverSubject {
    pub(crate) driver: Arc<dyn Driver>,
    pub(crate) twin: Option<Arc<dyn Driver>>,
    pub(crate) faults: Option<Faults>,
    pub(crate) tight: Option<Arc<dyn Driver>>,
    pub(crate) claims_differ: bool,
    pub(crate) options: Options,
}

impl DriverSubject {
    pub(crate) fn new(driver: Arc<dyn Driver>) -> Self {
        Self {
            driver,
            twin: None,
            faults: None,
            tight: None,
            claims_differ: false,
            options: Options::default(),
        }
    }

    pub(crate) fn sampler(&self, rule: &str) -> Sampler {
        Sampler::new(self.options.seed, rule)
    }

    /// Returns the control over the backend.
    pub(crate) fn faults(&self) -> Result<&Faults, Stop> {
        self.faults.as_ref().ok_or_else(|| {
            not_run("the driver's backend is neither a bucket nor a service, so the suite cannot make it fail")
        })
    }

    pub(crate) async fn store(&self, body: &Bytes) -> Result<Claim, Error> {
        store(&*self.driver, &context(), body).await
    }

    pub(crate) async fn retrieve(&self, claim: &Claim) -> Result<Bytes, Error> {
        retrieve(&*self.driver, claim, self.most()).await
    }

    /// Returns the size that the suite is ready to read: the largest object, and its framing.
    fn most(&self) -> ByteSize {
        ByteSize::bytes(self.options.largest.get() + (1 << 20))
    }

    /// Stores an object, which must succeed.
    pub(crate) async fn stored(&self, case: &str, body: &Bytes) -> Result<Claim, Stop> {
        let stored = self.store(body).await;
        stored.map_err(|error| broken(case, format!("storing ended with {}", describe(&error))))
    }

    /// Stores an object and retrieves it. Returns its claim.
    pub(crate) async fn returns(&self, case: &str, body: &Bytes) -> Result<Claim, Stop> {
        let claim = self.stored(case, body).await?;
        self.finds(case, &claim, body).await?;
        Ok(claim)
    }

    /// Retrieves an object, which must be this one.
    pub(crate) async fn finds(&self, case: &str, claim: &Claim, body: &Bytes) -> Result<(), Stop> {
        match self.retrieve(claim).await {
            Ok(found) if found == object(body).envelope().to_bytes() => Ok(()),
            Ok(found) => Err(broken(case, unlike(&found, body))),
            Err(error) => Err(broken(case, format!("retrieving ended with {}", describe(&error)))),
        }
    }

    /// Calls a function while the backend has a fault. It has none afterwards.
    pub(crate) async fn during<T>(
        &self,
        fault: Fault,
        work: impl Future<Output = T>,
    ) -> Result<T, Stop> {
        let faults = self.faults()?;
        faults.set(fault);
        let answer = work.await;
        faults.set(Fault::None);
        Ok(answer)
    }
}

/// Returns the object of a payload with this body.
pub(crate) fn object(body: &Bytes) -> Object {
    sample::object(&plain(body.clone()))
}

pub(crate) async fn store(
    driver: &dyn Driver,
    ctx: &Context,
    body: &Bytes,
) -> Result<Claim, Error> {
    call(driver.store(ctx, object(body))).await
}

pub(crate) async fn retrieve(
    driver: &dyn Driver,
    claim: &Claim,
    most: ByteSize,
) -> Result<Bytes, Error> {
    call(driver.retrieve(&context(), claim, most)).await
}

/// Says how an object differs from the one of this body.
pub(crate) fn unlike(found: &Bytes, body: &Bytes) -> String {
    let expected = object(body).envelope().len();
    if found.len() == expected {
        return "other bytes came back".to_owned();
    }
    format!("{} bytes came back in place of {expected}", found.len())
}
