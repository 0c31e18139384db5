//! Servers to test against: real ones, on this machine, that `cargo xtask test` installs.
//!
//! The first test that needs one starts it, and all tests of the process share it: each keeps to a
//! bucket or a prefix of its own. It ends with the process, however that ends.

mod azurite;
mod certificates;
mod dapr;
mod envoy;
mod gateway;
mod gcs;
mod http;
mod key_server;
mod large_payloads;
mod moto_kms;
mod openbao;
mod postgres;
mod redis;
mod registry;
mod s3;
mod server;
mod tamper;
mod tap;
mod temporal;
mod webdav;

pub use azurite::{AZURITE_ACCOUNT, AZURITE_KEY, azurite, container};
pub use certificates::{Certificates, ServerPair};
pub use dapr::{ControlPlane, Sidecar, SidecarOptions};
pub use envoy::{Envoy, envoy, envoy_to_socket};
pub use gateway::GatewayProcess;
pub use gcs::{fake_gcs, gcs_bucket, gcs_rules};
pub use key_server::{Answered, KeyServer};
pub use large_payloads::large_payloads;
pub use moto_kms::{AwsUser, MotoKms};
pub use openbao::OpenBao;
pub use postgres::{POSTGRES_PASSWORD, Postgres, postgres};
pub use redis::{REDIS_PASSWORD, redis, redis_contents, redis_with_tls};
pub use registry::{REGISTRY_PASSWORD, REGISTRY_USER, Registry};
pub use s3::{RCLONE_KEY, RCLONE_SECRET, bucket, keep_versions, lifecycle, moto, rclone, versions};
pub use server::{Server, free_port};
pub use tamper::Tamper;
pub use tap::Tap;
pub use temporal::{DevOptions, DevServer, temporal};
pub use webdav::{WebDav, webdav};

/// The bucket or container that a server has from the start, where it has one.
pub const BUCKET: &str = "temporal-payloads";
