//! External storage of large payloads: when they are stored, in which bucket, and how they are read back.
//!
//! An [`Offload`] names the drivers and the sizes; a [`BucketUrl`] opens a [`Bucket`], which
//! [`Grants::with_bucket`](crate::plugin::Grants::with_bucket) hands to a driver within a [`BucketAccess`].

pub use cloakroom_core::{Bucket, Claim, Comparison, Object, ObjectInfo, PutMode, PutOutcome};
pub use cloakroom_pipeline::{
    ClaimPolicy, NamespaceStorage, Offload, PayloadKind, Reference, ReferenceFailure,
    ReferenceFormat, Rule, StoredObject, Verify,
};
pub use cloakroom_plugin::{BucketAccess, RefreshFailure};
pub use cloakroom_stores::{BucketUrl, ObjectBucket};
pub use cloakroom_temporal::TemporalReferences;
