//! SDK for plugins of [Cloakroom] in Rust.
//!
//! A codec changes one payload at a time, both ways. This is a whole one:
//!
//! ```
//! use cloakroom_guest::{Buffer, Codec, Context, Error, Settings, export_codec};
//!
//! struct Reverse;
//!
//! impl Codec for Reverse {
//!     const ENCODINGS: &'static [&'static str] = &["binary/reversed"];
//!     fn configure(_: &Settings) -> Result<Self, Error> {
//!         Ok(Self)
//!     }
//!     fn encode(&self, _: &Context, envelope: Buffer) -> Result<Option<Buffer>, Error> {
//!         Ok(Some(reversed(&envelope)))
//!     }
//!     fn decode(&self, _: &Context, data: Buffer) -> Result<Buffer, Error> {
//!         Ok(reversed(&data))
//!     }
//! }
//! fn reversed(buffer: &Buffer) -> Buffer {
//!     Buffer::new(&buffer.to_vec().into_iter().rev().collect::<Vec<_>>())
//! }
//! export_codec!(Reverse);
//! ```
//!
//! Build it as a `cdylib` for `wasm32-wasip2`, or for `wasm32-unknown-unknown` with the linker
//! `wasm-component-ld`, which leaves no WASI import behind.
//!
//! - [`Codec`] turns whole payloads into bytes and back. [`PayloadCodec`] also chooses the metadata.
//! - [`Driver`] stores objects elsewhere; [`blobs`] passes their bytes from the host to the store.
//! - [`http`] sends requests to services that the operator granted; the host adds the credentials.
//! - [`Settings`] are the plugin's own, typed. A [`Setting`] describes one: the host refuses others.
//! - [`Buffer`] stands for bytes in the host. [`Buffer::reader`], [`BufferWriter`] and
//!   [`Buffer::transform`] stream them, so that the plugin's memory stays small.
//! - [`keys`] encrypts in the host, [`subkeys`] derives a key for a cipher of the plugin's own.
//! - [`escape`] makes segments of keys of the names of workflows.
//! - [`log`](mod@log) writes lines for the operator. With the feature `log`, so do the macros of the crate
//!   [`log`](https://docs.rs/log): `log::info!` and above, unless the plugin sets another level.
//! - [`secrets`] gives what the operator lets the plugin see, such as the password of a database.
//!
//! # Memory
//! With the feature `allocator`, a plugin for `wasm32-unknown-unknown` uses the memory that it starts with
//! before it asks for more. Link it with `-Clink-arg=--initial-heap=131072`: most calls then need no more,
//! and a fresh instance for each call costs less: 5 of 28 µs, measured with the bundled cipher.
//!
//! # Tests
//! In a native build all of these are ordinary values, so `cargo test` runs the plugin as it is:
//! [`testing`] makes contexts and payloads, and grants key rings, buckets, services and secrets in
//! memory.
//!
//! [Cloakroom]: https://docs.rs/cloakroom

#[cfg(all(feature = "allocator", target_family = "wasm", target_os = "unknown"))]
mod allocator;
mod chunk;
mod codec;
mod driver;
mod error;
pub mod escape;
mod export;
#[cfg(feature = "log")]
mod facade;
mod max_bytes;
#[cfg(not(target_family = "wasm"))]
mod native;
mod reader;
mod setting;
mod settings;
mod signatures;
mod target;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
#[doc(hidden)]
#[cfg(target_family = "wasm")]
pub mod wasm;
mod writer;

#[cfg(not(target_family = "wasm"))]
use native as contract;
#[cfg(target_family = "wasm")]
use wasm as contract;

pub use self::{
    chunk::CHUNK,
    codec::{Codec, PayloadCodec},
    contract::{
        Buffer, Context, Description, Error, Payload, Purpose, Writer, blobs, http, keys, log,
        random, secrets, subkeys,
    },
    driver::{Claim, Driver},
    max_bytes::MaxBytes,
    reader::BufferReader,
    setting::Setting,
    settings::Settings,
    target::Target,
    writer::BufferWriter,
};
