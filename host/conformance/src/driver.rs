//! Suite of storage drivers.

mod backend;
mod claims;
mod limits;
mod objects;
mod subject;
mod words;

use std::sync::Arc;

use cloakroom_core::Driver;

use self::subject::DriverSubject;
use crate::{
    Faults, Report, Rule, Subject,
    options::{Options, WordSource, option_methods},
    runner::{self, Entry},
};

/// Suite of a storage driver.
///
/// It stores objects through the driver and leaves them there. The driver alone is enough for most
/// rules. The others need control over its backend, or relatives of it, and are not run without.
#[must_use = "a suite does nothing before `run`"]
pub struct DriverSuite {
    subject: DriverSubject,
    options: Options,
}

impl DriverSuite {
    /// Returns the suite of a driver.
    pub fn new(driver: Arc<dyn Driver>) -> Self {
        Self { subject: DriverSubject::new(driver), options: Options::default() }
    }

    /// Adds the same driver, made anew with the same settings.
    pub fn with_twin(mut self, driver: Arc<dyn Driver>) -> Self {
        self.subject.twin = Some(driver);
        self
    }

    /// Adds the control over the driver's buckets and services, all of which it must reach through
    /// [`Faults::wrap`] and [`Faults::wrap_service`].
    pub fn with_faults(mut self, faults: Faults) -> Self {
        self.subject.faults = Some(faults);
        self
    }

    /// Adds the same driver within limits that an object of 4 MiB exceeds.
    pub fn with_tight_limits(mut self, driver: Arc<dyn Driver>) -> Self {
        self.subject.tight = Some(driver);
        self
    }

    /// Says that the backend cannot give an equal claim for an object that is stored again.
    pub fn with_differing_claims(mut self) -> Self {
        self.subject.claims_differ = true;
        self
    }

    /// Adds the source of what the driver writes into its log.
    pub fn with_words(mut self, words: WordSource) -> Self {
        self.options.words = Some(words);
        self
    }

    option_methods!();

    /// Returns the rules of the suite.
    pub fn rules() -> impl Iterator<Item = &'static Rule> {
        RULES.iter().map(|entry| &entry.rule)
    }

    /// Tries the rules.
    pub async fn run(mut self) -> Report {
        self.subject.options = self.options.clone();
        runner::run(&self.subject, RULES, &self.options).await
    }
}

const fn rule(
    id: &'static str,
    title: &'static str,
    reason: &'static str,
    check: runner::Check<DriverSubject>,
) -> Entry<DriverSubject> {
    Entry::new(Subject::Driver, id, title, reason, check)
}

static RULES: &[Entry<DriverSubject>] = &[
    rule(
        "kind",
        "names its kind of storage in the same way each time",
        "metrics and cached objects of one store appear under several names",
        objects::kind,
    ),
    rule(
        "round-trip",
        "gives back what it stored: 1 byte, and around a chunk of 64 KiB",
        "a workflow continues with other data than it sent",
        objects::sizes,
    ),
    rule(
        "large",
        "gives back the largest object, or refuses it as too large",
        "large objects fail in production and not in tests",
        objects::large,
    ),
    rule(
        "contexts",
        "stores for every workflow, activity and namespace, whatever their names",
        "one odd workflow id makes the workflow fail for ever",
        objects::contexts,
    ),
    rule(
        "same-claim",
        "gives an equal claim for an object that is stored again",
        "each retry leaves one more object, and replays are not equal",
        objects::same_claim,
    ),
    rule(
        "distinct",
        "keeps objects apart: storing another one changes neither",
        "a workflow reads the data of another",
        objects::distinct,
    ),
    rule(
        "claim-strange",
        "ignores entries of a claim that it does not know",
        "the host and later versions add entries, such as the digest",
        claims::strange,
    ),
    rule(
        "claim-missing",
        "refuses claims without what it needs, as malformed",
        "a trap or a retried error hides that the claim is damaged",
        claims::missing,
    ),
    rule(
        "claim-forged",
        "gives no other data for a claim that was changed, and never traps",
        "claims lie in workflow histories, where others may write them",
        claims::forged,
    ),
    rule(
        "claim-swapped",
        "refuses claims whose values were exchanged",
        "claims lie in workflow histories, where others may write them",
        claims::swapped,
    ),
    rule(
        "gone",
        "says `not-found` for an object that is not there any more",
        "an operator looks for an outage where the object has expired",
        backend::gone,
    ),
    rule(
        "limit",
        "reads no object that is larger than the caller takes",
        "an object of any size fills the memory of the caller",
        limits::caller,
    ),
    rule(
        "slow",
        "waits for a slow backend, and then goes on",
        "payloads fail whenever the backend is under load",
        backend::slow,
    ),
    rule(
        "cancelled",
        "can store an object again after it was interrupted",
        "callers repeat calls that failed half-way",
        backend::cancelled,
    ),
    rule(
        "failing",
        "says `unavailable` while its backend is, stores nothing, and works afterwards",
        "only that error is retried, and success without an object loses data",
        backend::failing,
    ),
    rule(
        "denied",
        "says `denied` where its backend refuses",
        "a retried error hides that credentials are wrong",
        backend::denied,
    ),
    rule(
        "lying",
        "never traps on a backend that gives other bytes, or says that objects are there",
        "the host checks size and digest, and can only report them if the driver returns",
        backend::lying,
    ),
    rule(
        "limits",
        "ends with the limit's error where a limit is reached, and works afterwards",
        "an operator cannot tell a limit from a bug",
        limits::tight,
    ),
    rule(
        "words",
        "writes nothing of an object into its log or its errors",
        "logs are read by people who may not read payloads",
        words::quiet,
    ),
];
