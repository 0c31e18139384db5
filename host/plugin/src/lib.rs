//! The sandbox: codecs as WebAssembly components, loaded at run time.
//!
//! A [`Host`] loads a [`Source`] under [`Grants`] into a [`Plugin`]; a plugin with [`Settings`] is a
//! [`PluginCodec`] or a [`PluginDriver`], which the pipeline takes like any other. Every call runs within [`Limits`].
//!
//! This is the only crate of Cloakroom that knows of WebAssembly.

mod access;
mod cache;
mod child;
mod code;
mod codec;
mod compile;
mod compile_one;
mod components;
mod compute;
mod contract;
mod detached;
mod draft;
mod driver;
mod engine;
mod fault;
mod given_up;
mod grants;
mod handles;
mod held;
mod host;
mod idle;
mod inspect;
mod limits;
mod live;
mod loaded;
mod loading;
mod log;
mod long;
mod meter;
mod need;
mod plugin;
mod pool;
mod precompile;
mod refresh;
mod rope;
mod scope;
mod settings;
mod source;
mod state;
mod ticker;
mod upload;
mod uses;
#[cfg(feature = "wasi")]
mod wasi;
#[cfg(feature = "wasi")]
mod wasi_bounds;

pub use self::{
    access::BucketAccess,
    code::{CodeLimits, CodeSize},
    codec::PluginCodec,
    compile_one::CompileOne,
    driver::PluginDriver,
    grants::Grants,
    host::{Host, HostBuilder},
    inspect::{Import, Inspection, World},
    limits::Limits,
    need::{Capability, Requirement},
    plugin::{Plugin, Reuse},
    precompile::CompiledPlugin,
    refresh::RefreshFailure,
    settings::Settings,
    source::{Digest, Source},
};

/// The version of wasmtime that plugins run in.
pub const WASMTIME: &str = "48.0.8";
