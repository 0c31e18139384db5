//! Plugins: the [`Host`] that runs them, their [`Limits`], and the [`Grants`] they are loaded with,
//! and the [`Service`]s that they reach over HTTP.

pub use cloakroom_core::{Service, ServiceRequest, ServiceResponse};
pub use cloakroom_plugin::{
    About, Capability, CodeLimits, CodeSize, CompileWorker, CompiledPlugin, Digest, Grants, Host,
    HostBuilder, Limits, OwnLimits, Plugin, PluginCodec, PluginDriver, Processor, Requirement,
    Reuse, SettingError, SettingKind, SettingSchema, Settings, Source, TcpGrant, TcpGrantError,
    TcpTls, Trace, TraceEvent,
};

#[cfg(feature = "http")]
pub use cloakroom_stores::{HttpService, HttpServiceBuilder};

#[cfg(feature = "bundled")]
pub use crate::bundled::{bundled, bundled_names};
pub use crate::{configured_plugin::ConfiguredPlugin, plugin_sources::PluginSources};
