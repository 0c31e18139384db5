//! Suite of buckets.

mod keys;
mod objects;
mod subject;
mod writes;

use std::sync::Arc;

use cloakroom_core::Bucket;

use self::subject::BucketSubject;
use crate::{
    Report, Rule, Subject,
    options::{Options, option_methods},
    runner::{self, Entry},
};

/// Suite of a bucket.
///
/// It writes below the prefix `cloakroom-conformance/`, with names that no other run has used if the
/// seed is another, and removes what it wrote as far as the bucket removes anything.
#[must_use = "a suite does nothing before `run`"]
pub struct BucketSuite {
    subject: BucketSubject,
    options: Options,
}

impl BucketSuite {
    /// Returns the suite of a bucket.
    pub fn new(bucket: Arc<dyn Bucket>) -> Self {
        Self { subject: BucketSubject::new(bucket), options: Options::default() }
    }

    option_methods!();

    /// Returns the rules of the suite.
    pub fn rules() -> impl Iterator<Item = &'static Rule> {
        RULES.iter().map(|entry| &entry.rule)
    }

    /// Tries the rules.
    pub async fn run(mut self) -> Report {
        self.subject.options = self.options.clone();
        let report = runner::run(&self.subject, RULES, &self.options).await;
        self.subject.clear().await;
        report
    }
}

const fn rule(
    id: &'static str,
    title: &'static str,
    reason: &'static str,
    check: runner::Check<BucketSubject>,
) -> Entry<BucketSubject> {
    Entry::new(Subject::Bucket, id, title, reason, check)
}

static RULES: &[Entry<BucketSubject>] = &[
    rule("name", "has a name in its store", "claims name the bucket by it", objects::name),
    rule(
        "round-trip",
        "gives back what was written, in one piece or in several",
        "objects are damaged",
        objects::sizes,
    ),
    rule(
        "size",
        "reports the size of an object, and none for a missing one",
        "damaged objects are not replaced, and missing ones are not written",
        objects::size,
    ),
    rule(
        "missing",
        "says `not-found` for a missing object, and removes one without an error",
        "a missing object looks like an outage",
        objects::missing,
    ),
    rule(
        "limit",
        "reads no object that is larger than the caller takes",
        "an object of any size fills the memory of the caller",
        objects::limit,
    ),
    rule(
        "equals",
        "compares an object with bytes in any pieces",
        "damaged objects are taken for whole ones",
        objects::equals,
    ),
    rule(
        "create",
        "leaves an existing object when it is asked to create it",
        "an object that workflows refer to is replaced",
        writes::create,
    ),
    rule(
        "create-atomic",
        "creates an object once if many create it at the same time",
        "two writers believe that their object is the one that is kept",
        writes::atomic,
    ),
    rule(
        "overwrite",
        "replaces an object when it is asked to, whatever its size was",
        "damaged objects stay damaged",
        writes::overwrite,
    ),
    rule(
        "remove",
        "has no object after it was removed",
        "data stays that should be gone",
        writes::remove,
    ),
    rule("keys", "keeps odd keys apart, or refuses them", "one object replaces another", keys::odd),
    rule(
        "unsafe-keys",
        "refuses keys with an empty, `.` or `..` segment",
        "a key reaches outside of its prefix",
        keys::climbing,
    ),
    rule(
        "list",
        "lists the keys under a prefix in their order, those after a key, to the end",
        "expiry and probes miss objects, or never end",
        keys::list,
    ),
];
