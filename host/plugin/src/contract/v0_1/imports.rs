//! Host functions behind the imports of contract line 0.1, one file for each interface.

mod blobs;
mod buffers;
mod keys;
#[cfg(test)]
mod memory_rule;
mod plain;
mod types;
