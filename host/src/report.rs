//! Report of a configuration check: names, never contents or keys.

use std::collections::BTreeMap;

use cloakroom_core::{ByteSize, ErrorKind, Purpose};

/// Parts of a configuration, and warnings about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The stages, in the order of encoding.
    pub stages: Vec<StageReport>,
    /// The storage drivers, in the order of the file.
    pub drivers: Vec<DriverReport>,
    /// The buckets, by name.
    pub buckets: Vec<BucketReport>,
    /// The key rings of the file, by name.
    pub rings: Vec<RingReport>,
    /// Uses of the key rings, those of the program included, by name.
    pub ring_uses: Vec<RingUse>,
    /// True if the file has a gateway for Dapr.
    pub has_dapr: bool,
    /// The namespaces of the file, by name.
    pub namespaces: Vec<NamespaceReport>,
    /// Names of the probes that each codec was tried with.
    pub probes: Vec<&'static str>,
    /// Settings that work and may not be meant, each with file and line.
    pub warnings: Vec<String>,
}

/// A stage.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StageReport {
    /// Its name in errors.
    pub name: String,
    /// Its plugin, as the file names it.
    pub plugin: String,
    /// Purpose of its codec.
    pub purpose: Purpose,
    /// The encodings that it writes or reads.
    pub encodings: Vec<String>,
    /// `yes`, `no`, or `encode`.
    pub required: &'static str,
}

/// A storage driver.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DriverReport {
    /// Its name in references.
    pub name: String,
    /// Its plugin, as the file names it.
    pub plugin: String,
    /// Kind of storage, such as `aws.s3driver`.
    pub kind: String,
    /// True if payloads may be stored with it.
    pub stores: bool,
    /// The buckets that it is granted.
    pub buckets: Vec<String>,
}

/// A bucket.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BucketReport {
    /// Its name in the file.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// Prefix of the keys that are granted.
    pub prefix: String,
    /// True if it may only be read.
    pub read_only: bool,
}

/// A key ring.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RingReport {
    /// Its name.
    pub name: String,
    /// The id of the key that seals.
    pub current: String,
    /// The ids of all its keys.
    pub keys: Vec<String>,
    /// Those of `keys` that are a service's, which only unwrap: their URIs as the file has them.
    pub retired: Vec<String>,
    /// The bucket of its wrapped keys.
    pub bucket: Option<String>,
    /// True if new wrapped keys are kept there.
    pub stores_wrapped: bool,
}

/// Use of a key ring: who may ask for its keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RingUse {
    /// Name of the ring.
    pub ring: String,
    /// Stages that are granted it.
    pub stages: Vec<String>,
    /// Namespaces that name it.
    pub namespaces: Vec<String>,
    /// True if it signs claims.
    pub claims: bool,
    /// Days on which keys were made, in seconds since 1970, by the keys' ids.
    pub created: BTreeMap<String, i64>,
}

/// A namespace with settings of its own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NamespaceReport {
    /// Its name.
    pub name: String,
    /// `on`, `decode` or `off`.
    pub mode: &'static str,
    /// The ring that encrypts in place of the one that stages name.
    pub ring: Option<String>,
    /// Rings that only decrypt.
    pub old_rings: Vec<String>,
    /// Its storage, where that differs.
    pub storage: NamespaceStorageReport,
    /// The namespaces that may read what is written for it.
    pub shares: Vec<String>,
    /// Number of rules by which workflows stay in plaintext.
    pub plain_rules: usize,
}

/// Storage of a namespace, where it differs from that of the file.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct NamespaceStorageReport {
    /// Size from which payloads are stored.
    pub threshold: Option<ByteSize>,
    /// The driver that stores, or `inline`.
    pub store_with: Option<String>,
    /// Number of rules of its own.
    pub rules: usize,
}

/// A step of a store check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreStep {
    /// A probe object was written through the driver.
    Write,
    /// It was read back by its claim, and compared.
    Read,
    /// Its age was renewed, in a bucket with `refresh_after`.
    Renew,
    /// It was removed.
    Remove,
    /// Keys of a bucket that may only be read were listed, and one of them was asked for.
    List,
    /// The lifecycle rules of a bucket with wrapped keys were read.
    Expiry,
}

impl StoreStep {
    /// Returns the word for reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::Renew => "renew",
            Self::Remove => "remove",
            Self::List => "list",
            Self::Expiry => "expiry",
        }
    }
}

/// Step of a store check, and its outcome.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoreRow {
    /// The driver's name, the names of all that are granted the bucket, or `keys.NAME` for a ring.
    pub driver: String,
    /// The bucket's name in the file; empty for a driver without one.
    pub bucket: String,
    /// The step.
    pub step: StoreStep,
    /// Its outcome.
    pub outcome: StoreOutcome,
}

/// Outcome of a step of a store check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StoreOutcome {
    /// The step succeeded.
    Done,
    /// The step failed, and nothing depends on it. The text says what that means.
    Noted(String),
    /// Nobody can tell from here. The text says why.
    Unprovable(String),
    /// The step failed.
    Failed {
        /// Kind of the error.
        kind: ErrorKind,
        /// The error and its causes, in one line.
        error: String,
        /// Advice.
        advice: String,
    },
}

impl StoreRow {
    /// Returns whether the step failed.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        matches!(self.outcome, StoreOutcome::Failed { .. })
    }
}
