//! What stands behind grants: the keys that the host holds for its plugins, and the buckets that it
//! is connected to.
//!
//! A [`Ring`] has one current key and retired ones that still open what they sealed. Material is
//! zeroised when the ring is dropped and never prints. An [`ObjectBucket`] is a bucket wherever the
//! crate `object_store` can find one; a [`BucketUrl`] says where, by URL.

mod aead;
mod answer;
mod attempts;
mod bucket;
#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
mod client;
mod cloud;
#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
mod environment;
mod failure;
mod hkdf;
mod key;
mod material;
mod place;
mod ring;
mod settings;
mod usage;

pub use self::{
    bucket::ObjectBucket,
    key::{BOX_OVERHEAD, RingKey},
    material::{Material, MaterialError},
    place::BucketUrl,
    ring::{Ring, RingBuilder, RingError},
    usage::{DEFAULT_MESSAGES, KeyUsage, MAX_MESSAGES},
};
