//! Resources that a configuration names besides plugins: its host, keys, secrets, buckets, services and
//! servers.

use std::path::PathBuf;

use cloakroom_core::Error;
use cloakroom_plugin::{Host, Limits};

use crate::{
    builder::CloakroomBuilder,
    config::{
        self, Buckets, KeyServices, OpenBuckets, Rings, Secrets, ServiceRings, Services, TcpGrants,
    },
    config_file::ConfigFile,
    plugin_store::PluginStore,
};

/// Host, plugins, key rings, secrets, buckets, services and servers of one configuration.
pub(crate) struct Resources {
    pub(crate) host: Host,
    pub(crate) plugins: PluginStore,
    /// Folder of compiled plugins.
    pub(crate) cache: Option<PathBuf>,
    pub(crate) rings: Rings,
    /// Those of them that are over a key service.
    pub(crate) service_rings: ServiceRings,
    pub(crate) buckets: Buckets,
    pub(crate) services: Services,
    pub(crate) secrets: Secrets,
    /// Servers that plugins may connect to.
    pub(crate) tcp: TcpGrants,
}

/// Host of the configuration before, and its cache folder.
pub(crate) type HostBefore = (Host, Option<PathBuf>);

impl Resources {
    /// Reads keys and secrets, opens buckets and builds the host. May block.
    ///
    /// A reload takes over what stays the same. `open` has the buckets of all configurations by their
    /// URL and settings: a client keeps its connections, a bucket in memory its objects, and the
    /// counts of messages per key go on, so that a reload does not reset the limit of a key.
    pub(crate) fn open(
        builder: &CloakroomBuilder,
        config: &ConfigFile,
        open: &OpenBuckets,
        before: Option<HostBefore>,
    ) -> Result<Self, Error> {
        let ConfigFile { file, folder, locator, .. } = config;
        let native = &builder.native;
        let names = file.keys.keys().chain(native.rings.keys());
        config::check(file, &names.map(String::as_str).collect(), locator)?;
        let (usage, kept) = (open.key_usage(), open.rings());
        let (native_services, access) = (&native.key_services, &file.key_services);
        let services = KeyServices { native: native_services, access, folder };
        let buckets = config::buckets(file, folder, &native.buckets, open, locator)?;
        let (mut rings, service_rings) =
            config::rings(file, &services, &buckets, usage, kept, locator)?;
        rings.extend(native.rings.iter().map(|(name, ring)| (name.clone(), ring.clone())));
        let services = config::services(file, folder, &native.services, open.services(), locator)?;
        let secrets = config::secrets(file, folder, locator)?;
        let tcp = config::tcp_grants(file, folder, locator)?;
        let cache = file.cache.folder.as_ref().map(|path| folder.join(path));
        let cache = cache.or_else(|| builder.cache.clone());
        let host = match &builder.host {
            Some(shared) => {
                config::check_host(file, shared, cache.as_deref())?;
                shared.clone()
            }
            None => host(builder, file.plugin_limits(), cache.as_ref(), before)?,
        };
        let plugins = PluginStore::open(builder, config)?;
        Ok(Self { host, plugins, cache, rings, service_rings, buckets, services, secrets, tcp })
    }
}

/// Returns the host of the configuration before if its limits and cache folder stay the same, and
/// builds one otherwise.
///
/// The engine, its clock, compiled plugins and warm instances stay with a host. A second one would
/// also reserve its address space anew while calls in flight still run in the first.
fn host(
    builder: &CloakroomBuilder,
    limits: Limits,
    cache: Option<&PathBuf>,
    before: Option<HostBefore>,
) -> Result<Host, Error> {
    if let Some((host, folder)) = before
        && *host.limits() == limits
        && folder.as_ref() == cache
    {
        return Ok(host);
    }
    builder.host_builder(limits, cache).build()
}
