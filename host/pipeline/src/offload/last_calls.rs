//! Last call of each driver, for reports that must not cause a request of their own.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use cloakroom_core::{Error, ErrorKind};

/// State of a driver as its last call left it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DriverState {
    /// Name in references.
    pub driver: Arc<str>,
    /// The last call that ended. None since the pipeline was built.
    pub last: Option<LastCall>,
}

/// A call of a driver that ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LastCall {
    /// When it ended.
    pub ended: Instant,
    /// Kind of its failure. None if it succeeded.
    pub failure: Option<ErrorKind>,
}

/// Last calls by driver.
#[derive(Debug)]
pub(crate) struct LastCalls(BTreeMap<Arc<str>, Mutex<Option<LastCall>>>);

impl LastCalls {
    /// Returns the calls of these drivers, which made none.
    pub(crate) fn new<'a>(drivers: impl Iterator<Item = &'a Arc<str>>) -> Self {
        Self(drivers.map(|driver| (driver.clone(), Mutex::default())).collect())
    }

    /// Notes the end of a call. Only calls of one driver at the same moment wait for each other here, for
    /// the time of one assignment, and each has waited for a store before.
    pub(crate) fn note<T>(&self, driver: &str, result: &Result<T, Error>) {
        let failure = result.as_ref().err().map(Error::kind);
        if let Some(last) = self.0.get(driver) {
            let call = LastCall { ended: Instant::now(), failure };
            *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(call);
        }
    }

    /// Returns the state of each driver, by name.
    pub(crate) fn states(&self) -> Vec<DriverState> {
        let state = |(driver, last): (&Arc<str>, &Mutex<Option<LastCall>>)| DriverState {
            driver: driver.clone(),
            last: *last.lock().unwrap_or_else(PoisonError::into_inner),
        };
        self.0.iter().map(state).collect()
    }
}
