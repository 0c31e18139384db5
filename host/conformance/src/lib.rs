//! Rules that every codec, storage driver and bucket of Cloakroom must keep, as a suite.
//!
//! A suite takes an implementation of [`Codec`](cloakroom_core::Codec),
//! [`Driver`](cloakroom_core::Driver) or [`Bucket`](cloakroom_core::Bucket), attacks it, and returns a
//! [`Report`]: for each [`Rule`] whether it was kept, with the case that broke it, or why the rule was
//! not run. `cloakroom plugin check` runs the suites against plugins.
//!
//! Inputs are the same for the same seed, so that a failure can be repeated. Suites wait for events
//! and never for time, and need no executor of their own.
//!
//! ```
//! use std::sync::Arc;
//!
//! use cloakroom_conformance::BucketSuite;
//! # use cloakroom_core::Bucket;
//!
//! # async fn f(bucket: Arc<dyn Bucket>) {
//! let report = BucketSuite::new(bucket).run().await;
//! assert!(report.is_passed(), "{report}");
//! # }
//! ```

mod bucket;
mod canary;
mod codec;
mod driver;
mod faulty_bucket;
mod faulty_service;
mod gate;
mod object_service;
mod options;
mod report;
mod rule;
mod runner;
mod sample;
mod verdict;

pub use self::{
    bucket::BucketSuite,
    codec::CodecSuite,
    driver::DriverSuite,
    faulty_bucket::{Faults, FaultyBucket},
    faulty_service::FaultyService,
    object_service::ObjectService,
    options::{DEFAULT_LARGEST, DEFAULT_SEED, WordSource},
    report::{Outcome, Report},
    rule::{Rule, Subject},
    sample::{object, sample_text},
    verdict::Verdict,
};
