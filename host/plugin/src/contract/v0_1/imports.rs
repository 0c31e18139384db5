//! Host functions behind the imports of contract line 0.1, one file for each interface.

mod blobs;
mod buffers;
mod context;
mod http;
mod key_lookup;
mod keys;
mod log;
#[cfg(test)]
mod memory_rule;
mod not_granted;
mod random;
mod secrets;
mod settings;
mod subkeys;
mod types;
