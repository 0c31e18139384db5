//! One TOML file for the library and the command line.
//!
//! `schema`, `plugin`, `storage`, `bucket` and `server` are the file as written, `text` reads it and says where it is wrong, `units`
//! are numbers as people write them, `keys`, `secret` and `buckets` fetch what the file only says the
//! place of, `check` and `reach` hold the parts against each other, `places` finds lines for errors.

mod bucket;
mod buckets;
mod check;
mod claims;
mod code;
mod date;
mod keys;
mod places;
mod plugin;
mod reach;
mod remedy;
mod required;
mod schema;
mod secret;
mod server;
mod shared_host;
mod storage;
mod text;
mod units;

pub(crate) use self::{
    bucket::Bucket as BucketEntry,
    buckets::{Buckets, Open as OpenBuckets, buckets},
    check::check,
    keys::{Rings, rings},
    places::{Places, Table},
    plugin::{PluginEntry, Reuse as ReuseWord},
    remedy::{key, unbuilt},
    required::Required,
    schema::{File, Ring as RingEntry, Stage as StageEntry},
    storage::{Driver as DriverEntry, Storage as StorageEntry},
    text::{nearest, parse},
};
#[cfg(feature = "codec-server")]
pub(crate) use self::{
    secret::{read as read_secret, refuse_writable},
    server::{CodecServer as CodecServerEntry, Listen},
};
#[cfg(feature = "temporal")]
pub(crate) use self::{server::Temporal as TemporalEntry, units::Size};
