//! Builder of a [`Cloakroom`](crate::Cloakroom): a configuration, and what the program adds to it.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cloakroom_core::{Bucket, Codec, Driver, KeyRing, KeyService, Service};
use cloakroom_plugin::{Host, HostBuilder, Limits};

use crate::{config::setting_name, config_source::ConfigSource};

/// Builder of a [`Cloakroom`](crate::Cloakroom).
///
/// Codecs, drivers, buckets, services and key rings of the program take the place of a plugin, a bucket, a
/// service or a ring of the configuration: `plugin = "native:NAME"`, `url = "native:NAME"`, and a ring by its name.
///
/// ```
/// # use std::sync::Arc;
/// # use cloakroom::{CloakroomBuilder, keys::{KeyMaterial, Ring}};
/// # async fn f() -> Result<(), cloakroom::Error> {
/// let ring = Ring::single("2026-11", &KeyMaterial::new([7; 32]))?;
/// let cloakroom = CloakroomBuilder::file("cloakroom.toml")
///     .with_cache("/var/cache/cloakroom")
///     .with_key_ring("payments", Arc::new(ring))
///     .open()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing before `open`, `check` or `plugins`"]
pub struct CloakroomBuilder {
    pub(crate) source: ConfigSource,
    pub(crate) cache: Option<PathBuf>,
    pub(crate) copies: Option<PathBuf>,
    pub(crate) compiler: Option<PathBuf>,
    pub(crate) host: Option<Host>,
    pub(crate) native: NativeParts,
}

/// Parts that the program brings, by name.
#[derive(Clone, Default)]
pub(crate) struct NativeParts {
    pub(crate) codecs: BTreeMap<String, Arc<dyn Codec>>,
    pub(crate) drivers: BTreeMap<String, Arc<dyn Driver>>,
    pub(crate) buckets: BTreeMap<String, Arc<dyn Bucket>>,
    pub(crate) rings: BTreeMap<String, Arc<dyn KeyRing>>,
    pub(crate) services: BTreeMap<String, Arc<dyn Service>>,
    pub(crate) key_services: BTreeMap<String, Arc<dyn KeyService>>,
}

impl CloakroomBuilder {
    /// Takes the configuration from a file. Relative paths in it start from its folder.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self::new(ConfigSource::File(path.as_ref().to_owned()))
    }

    /// Takes the configuration from a text. Relative paths in it start from the working folder.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(ConfigSource::Text(text.into()))
    }

    fn new(source: ConfigSource) -> Self {
        Self {
            source,
            cache: None,
            copies: None,
            compiler: None,
            host: None,
            native: NativeParts::default(),
        }
    }

    /// Keeps compiled plugins in this folder, unless the configuration names one. By default they are
    /// kept nowhere, and compiled at each start.
    pub fn with_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// Keeps local copies of plugins from registries in this folder, unless the configuration names one.
    /// Without a folder, `oci://` references are refused.
    pub fn with_plugin_copies(mut self, folder: impl Into<PathBuf>) -> Self {
        self.copies = Some(folder.into());
        self
    }

    /// Compiles plugins in a process of its own: see [`HostBuilder::with_compiler`]. By default they are
    /// compiled in this process. A shared host compiles as it was built to.
    ///
    /// [`HostBuilder::with_compiler`]: crate::plugin::HostBuilder::with_compiler
    pub fn with_compiler(mut self, program: impl Into<PathBuf>) -> Self {
        self.compiler = Some(program.into());
        self
    }

    /// Runs the plugins in this host. By default a host is built for the configuration alone, which
    /// reserves hundreds of GiB of address space: see [`Cloakroom::open`](crate::Cloakroom::open).
    ///
    /// Any number of pipelines may share a host. Its limits hold for all of them together, and plugins
    /// that they have in common are compiled once. The configuration may repeat the host's limits and
    /// cache folder, and must not contradict them.
    pub fn with_host(mut self, host: &Host) -> Self {
        self.host = Some(host.clone());
        self
    }

    /// Adds a codec for a stage with `plugin = "native:NAME"`.
    pub fn with_codec(mut self, name: &str, codec: impl Codec + 'static) -> Self {
        self.native.codecs.insert(name.to_owned(), Arc::new(codec));
        self
    }

    /// Adds a driver for a `[[storage.driver]]` with `plugin = "native:NAME"`.
    pub fn with_driver(mut self, name: &str, driver: impl Driver + 'static) -> Self {
        self.native.drivers.insert(name.to_owned(), Arc::new(driver));
        self
    }

    /// Adds a bucket for a `[buckets.…]` with `url = "native:NAME"`.
    pub fn with_bucket(mut self, name: &str, bucket: Arc<dyn Bucket>) -> Self {
        self.native.buckets.insert(name.to_owned(), bucket);
        self
    }

    /// Adds a service for a `[services.…]` with `url = "native:NAME"`.
    pub fn with_service(mut self, name: &str, service: Arc<dyn Service>) -> Self {
        self.native.services.insert(name.to_owned(), service);
        self
    }

    /// Adds a key ring in place of a `[keys.NAME]`.
    pub fn with_key_ring(mut self, name: &str, ring: Arc<dyn KeyRing>) -> Self {
        self.native.rings.insert(name.to_owned(), ring);
        self
    }

    /// Adds a key of a key service for a `[keys.…]` with `service = "native:NAME"`.
    pub fn with_key_service(mut self, name: &str, service: Arc<dyn KeyService>) -> Self {
        self.native.key_services.insert(name.to_owned(), service);
        self
    }

    /// Returns a builder of a host with these limits, and with the compiler of this builder.
    pub(crate) fn host_builder(&self, limits: Limits, cache: Option<&PathBuf>) -> HostBuilder {
        let mut host = Host::builder().with_limits(limits).with_remedy_names(setting_name);
        if let Some(folder) = cache {
            host = host.with_cache(folder);
        }
        if let Some(program) = &self.compiler {
            host = host.with_compiler(program);
        }
        host
    }

    /// Returns the time limit of reading the configuration. Its own `limits.load` is not known yet,
    /// and bounds the rest of the load.
    pub(crate) fn read_limit(&self) -> Duration {
        self.host.as_ref().map_or_else(|| Limits::default().load, |host| host.limits().load)
    }
}

impl fmt::Debug for CloakroomBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloakroomBuilder")
            .field("source", &self.source.name())
            .finish_non_exhaustive()
    }
}
