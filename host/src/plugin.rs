//! Plugins: the [`Host`] that runs them, their [`Limits`], and the [`Grants`] they are loaded with.

pub use cloakroom_plugin::{
    Capability, CodeLimits, CodeSize, CompileWorker, CompiledPlugin, Digest, Grants, Host,
    HostBuilder, Limits, Plugin, PluginCodec, PluginDriver, Requirement, Reuse, Settings, Source,
    Trace, TraceEvent,
};

#[cfg(feature = "bundled")]
pub use crate::bundled::{bundled, bundled_names};
pub use crate::{configured_plugin::ConfiguredPlugin, plugin_sources::PluginSources};
