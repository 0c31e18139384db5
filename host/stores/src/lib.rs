//! What stands behind grants: the keys that the host holds for its plugins, and the buckets that it
//! is connected to.
//!
//! A [`Ring`] has one current key and retired ones that still open what they sealed. Material is
//! zeroised when the ring is dropped and never prints. An [`ObjectBucket`] is a bucket wherever the
//! crate `object_store` can find one; a [`BucketUrl`] says where, by URL.

mod aead;
mod attempt_counter;
mod bucket;
mod bucket_url;
#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
mod client;
mod cloud;
#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
mod environment;
mod error;
mod hkdf;
mod key;
mod key_usage;
mod material;
mod ring;
mod setting_names;
mod store_response;

pub use self::{
    bucket::ObjectBucket,
    bucket_url::BucketUrl,
    key::{BOX_OVERHEAD, RingKey},
    key_usage::{DEFAULT_MESSAGES, KeyUsage, MAX_MESSAGES},
    material::{Material, MaterialError},
    ring::{Ring, RingBuilder, RingError},
};
