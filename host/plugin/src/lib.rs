//! The sandbox: codecs as WebAssembly components, loaded at run time.
//!
//! A [`Host`] loads a [`Source`] under [`Grants`] into a [`Plugin`]; a plugin with [`Settings`] is a
//! [`PluginCodec`] or a [`PluginDriver`], which the pipeline takes like any other. Every call runs within [`Limits`].
//!
//! This is the only crate of Cloakroom that knows of WebAssembly.

mod codec;
mod compute;
mod contract;
mod driver;
mod grants;
mod host;
mod instance;
mod limits;
mod load;
mod loaded;
mod plugin;
mod settings;

pub use self::{
    codec::PluginCodec,
    driver::PluginDriver,
    grants::{Grants, bucket_access::BucketAccess, refresh::RefreshFailure},
    host::{Host, HostBuilder},
    limits::Limits,
    load::{
        code_size::{CodeLimits, CodeSize},
        compile_one::CompileOne,
        compiled_plugin::CompiledPlugin,
        inspection::{Import, Inspection, World},
        requirement::{Capability, Requirement},
        source::{Digest, Source},
    },
    plugin::{Plugin, Reuse},
    settings::Settings,
};

/// The version of wasmtime that plugins run in.
pub const WASMTIME: &str = "48.0.8";
