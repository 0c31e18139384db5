//! Key rings and buckets that an operator grants to plugins.
//!
//! A [`Ring`] has one current key, which seals, and retired keys, which still open. Key material is
//! zeroised on drop and never printed. A [`BucketUrl`] names a bucket of S3, Google Cloud Storage,
//! Azure Blob Storage, a local folder or memory; it opens as an [`ObjectBucket`]. An
//! `HttpService` sends the requests of plugins to a service over HTTP, with credentials that they never see.

mod aead;
mod attempt_counter;
mod bucket;
mod bucket_url;
#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
mod client;
mod cloud;
#[cfg(any(feature = "s3", feature = "gcs"))]
mod cloud_credentials;
#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
mod environment;
mod error;
mod hkdf;
mod key;
mod key_file;
mod key_usage;
mod material;
mod repeatable_write;
mod ring;
#[cfg(feature = "http")]
mod service;
mod setting_names;
mod store_response;

#[cfg(feature = "s3")]
pub use self::cloud_credentials::aws::AwsCredentials;
#[cfg(feature = "gcs")]
pub use self::cloud_credentials::google::GoogleCredentials;
#[cfg(feature = "http")]
pub use self::service::{HttpService, HttpServiceBuilder};
pub use self::{
    bucket::ObjectBucket,
    bucket_url::BucketUrl,
    key::{BOX_OVERHEAD, RingKey},
    key_file::create_key_file,
    key_usage::{DEFAULT_MESSAGES, KeyUsage, MAX_MESSAGES},
    material::{KeyMaterial, MaterialError},
    ring::{Ring, RingBuilder, RingError},
};
