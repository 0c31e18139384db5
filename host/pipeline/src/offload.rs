//! External storage: large payloads are stored with a driver, and references take their places.

pub(crate) mod cache;
pub(crate) mod cache_key;
pub(crate) mod claims;
pub(crate) mod config;
pub(crate) mod disk;
pub(crate) mod last_calls;
pub(crate) mod namespace_storage;
pub(crate) mod private_folder;
pub(crate) mod proofs;
pub(crate) mod read_back;
pub(crate) mod retrieve;
pub(crate) mod room;
pub(crate) mod rules;
pub(crate) mod scope;
pub(crate) mod storage;
pub(crate) mod store;
pub(crate) mod store_probe;
pub(crate) mod verify;
