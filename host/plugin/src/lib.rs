//! Sandbox of Cloakroom: codecs and storage drivers as WebAssembly components, loaded at run time.
//!
//! A [`Host`] loads a [`Source`] under [`Grants`] into a [`Plugin`]. A plugin with [`Settings`] is a
//! [`PluginCodec`] or a [`PluginDriver`], which a pipeline takes like a native one. Every call runs within
//! [`Limits`].
//!
//! This is the only crate of Cloakroom that knows WebAssembly.

mod about;
mod codec;
mod compute;
mod contract;
mod driver;
mod grants;
mod guest_name;
mod host;
mod instance;
mod limits;
mod load;
mod metric;
mod plugin;
mod pool;
mod remedy;
mod runtime;
mod settings;
mod trace;

#[cfg(feature = "wasi")]
pub use self::grants::tcp::tls::TcpTls;
pub use self::{
    about::{About, SettingError, SettingKind, SettingSchema},
    codec::PluginCodec,
    driver::PluginDriver,
    grants::{
        Grants,
        bucket_access::BucketAccess,
        refresh::RefreshFailure,
        tcp::{TcpGrant, TcpGrantError},
    },
    host::{Host, builder::HostBuilder},
    limits::{Limits, code_limits::CodeLimits, own::OwnLimits},
    load::{
        code_size::CodeSize,
        compile_worker::CompileWorker,
        compiled_plugin::CompiledPlugin,
        digest::Digest,
        inspection::{Import, Inspection},
        processor::Processor,
        requirement::{Capability, Requirement},
        source::Source,
        world::World,
    },
    plugin::Plugin,
    pool::Reuse,
    settings::Settings,
    trace::{Trace, TraceEvent},
};

/// Version of wasmtime that plugins run in.
pub const WASMTIME: &str = "48.0.8";

/// Newest version of the contract that this host implements.
pub const CONTRACT: &str = contract::VERSION;
