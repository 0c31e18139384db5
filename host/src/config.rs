//! Configuration: one TOML file for the library and the command line.
//!
//! - `schema` and the tables below it (`bucket`, `claims`, `code_limits`, `data_key`, `gateway`,
//!   `key_access`, `namespaces`, `namespace_storage`, `nexus`, `own_limits`, `plugin`, `plugins`, `service`, `storage`, `tcp`, `temporal`)
//!   are the file as written; `units`, `date`, `method_name`, `required` and `secret` are its values.
//! - `parse` reads the text; `locator` finds lines, `nearest` and `unknown_name` the name that was meant,
//!   for errors.
//! - `check`, `bucket_grants`, `namespace_check`, `namespace_rings`, `namespace_storage_check`,
//!   `nexus_check`, `plugins_check`, `ring_buckets`, `ring_secrets` and `shared_host` compare the parts with each other.
//! - `namespace_rules` turns tables of namespaces into rules of the pipeline and of the gateway.
//! - `keys`, `service_rings`, `key_services`, `buckets`, `secrets`, `services`, `http_services` and
//!   `tcp_grants` fetch what the file only names.

mod body_size;
mod bucket;
mod bucket_grants;
mod buckets;
mod check;
mod claims;
mod code_limits;
mod data_key;
mod date;
mod gateway;
mod gateway_access;
mod gateway_address;
mod gateway_dapr;
mod gateway_sizes;
mod host_conflict;
#[cfg(feature = "http")]
mod http_services;
mod key_access;
mod key_services;
mod keys;
mod locator;
mod method_name;
mod namespace_check;
mod namespace_rings;
mod namespace_rules;
mod namespace_storage;
mod namespace_storage_check;
mod namespaces;
mod nearest;
mod nexus;
mod nexus_check;
mod own_limits;
mod parse;
mod plugin;
mod plugins;
mod plugins_check;
mod remedy;
mod required;
mod ring_buckets;
mod ring_secrets;
mod rule_conditions;
mod schema;
mod secret;
mod secrets;
mod service;
mod service_rings;
mod services;
mod shared_host;
mod storage;
mod tcp;
mod tcp_grants;
mod temporal;
mod units;
mod unknown_name;

#[cfg(any(feature = "gateway", feature = "temporal-sdk"))]
pub(crate) use self::namespace_rules::policies;
#[cfg(feature = "registry")]
pub(crate) use self::plugins::RegistryEntry;
pub use self::remedy::setting_name;
#[cfg(any(feature = "codec-server", feature = "gateway", feature = "registry"))]
pub(crate) use self::secret::read_secret;
#[cfg(feature = "temporal")]
pub(crate) use self::temporal::TemporalEntry;
#[cfg(feature = "codec-server")]
pub(crate) use self::temporal::{CodecServerEntry, Listen};
pub(crate) use self::{
    bucket::BucketEntry,
    buckets::{Buckets, OpenBuckets, buckets},
    check::check,
    key_services::KeyServices,
    keys::{Rings, rings},
    locator::{Locator, Table},
    namespace_rings::{is_for_namespaces, rings_of_namespaces},
    namespace_rules::rules,
    namespaces::NamespaceEntry,
    nearest::nearest,
    parse::parse,
    plugin::{PluginEntry, ReuseWord},
    plugins::SignaturePolicy,
    remedy::pipeline_error,
    required::Required,
    schema::{File, RingEntry, StageEntry},
    secrets::{Secrets, secrets},
    service_rings::ServiceRings,
    services::{Services, services},
    shared_host::check_host,
    storage::{DriverEntry, StorageEntry},
    tcp::TlsWord,
    tcp_grants::{TcpGrants, tcp_grants},
};
#[cfg(feature = "gateway")]
pub(crate) use self::{
    gateway::{GatewayEntry, TemporalGatewayEntry},
    gateway_access::{CallerTlsEntry, IdentityEntry, UpstreamTlsEntry},
    gateway_dapr::{AppEntry, DaprGatewayEntry},
    gateway_sizes::{ClientEntry, HistoryEntry},
    secret::Secret,
};
#[cfg(any(feature = "codec-server", feature = "gateway"))]
pub(crate) use self::{secret::refuse_writable, temporal::JwtEntry};
