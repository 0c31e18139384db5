//! Plugin that a command tries, with its settings and grants.

use std::sync::Arc;

use cloakroom::{
    Error, ErrorKind,
    inspect::World,
    keys::{KeyMaterial, KeyRing, Ring},
    plugin::{
        Grants, Host, Limits, OwnLimits, Plugin, PluginCodec, PluginDriver, Reuse, Settings, Source,
    },
    storage::{Bucket, BucketAccess, ObjectBucket},
};

use super::{args::PluginArgs, source::source};
use crate::{
    failure::Failure,
    open::{builder, host_builder},
};

/// Most instances in a call: enough for a tool, and little address space.
const INSTANCES: usize = 8;

/// Key ring that is made up for a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MadeUpKey {
    /// The ring of most calls.
    First,
    /// A ring whose key has the same id, and other bytes.
    Other,
    /// A ring whose key has another id.
    Renamed,
}

/// Plugin that a command tries.
pub(crate) struct Candidate {
    pub(crate) source: Source,
    pub(crate) settings: Settings,
    pub(crate) limits: Limits,
    own_limits: OwnLimits,
    /// Grants of the configuration, if there is one.
    configured: Option<Grants>,
    /// Names of rings and buckets that are made up otherwise.
    names: Vec<String>,
}

impl Candidate {
    /// Reads the arguments of a plugin, and its configuration.
    ///
    /// # Errors
    /// Usage if there is no such plugin, or the configuration is wrong or does not have it.
    pub(crate) async fn read(args: &PluginArgs) -> Result<Self, Failure> {
        let source = source(&args.plugin)?;
        let given = args.settings.iter().cloned();
        let names: Vec<_> = args.settings.iter().map(|(_, value)| value.clone()).collect();
        let instances = INSTANCES.try_into().unwrap_or(std::num::NonZeroUsize::MIN);
        let Some(config) = &args.config else {
            let limits = Limits { instances, ..Limits::default() };
            let settings = given.collect();
            let own_limits = OwnLimits::default();
            return Ok(Self { source, settings, limits, own_limits, configured: None, names });
        };
        let found = builder(config).configured_plugin(&source).await?;
        let of_config = found.settings.names().map(str::to_owned).collect::<Vec<_>>();
        let of_config = of_config.into_iter().filter_map(|name| {
            let value = found.settings.get(&name)?.to_owned();
            Some((name, value))
        });
        // Later ones win: an argument may change a setting of the file.
        let settings = of_config.chain(given).collect();
        let limits = Limits { instances, ..found.limits };
        let (own_limits, configured) = (found.own_limits, Some(found.grants));
        Ok(Self { source, settings, limits, own_limits, configured, names })
    }

    /// Returns whether the keys are made up, so that a tool can replace them.
    pub(crate) fn has_made_up_keys(&self) -> bool {
        self.configured.is_none()
    }

    /// Returns a host with these limits.
    pub(crate) fn host(limits: Limits) -> Result<Host, Failure> {
        Ok(host_builder().with_limits(limits).build()?)
    }

    /// Returns the grants. `bucket` may put another bucket in place of each.
    pub(crate) fn grants(
        &self,
        key: MadeUpKey,
        bucket: impl Fn(Arc<dyn Bucket>) -> Arc<dyn Bucket>,
    ) -> Result<Grants, Failure> {
        if let Some(configured) = &self.configured {
            return Ok(configured.clone().with_log().with_each_bucket(bucket));
        }
        let ring = key.ring()?;
        let mut grants = Grants::none().with_log();
        for name in &self.names {
            let memory: Arc<dyn Bucket> = Arc::new(ObjectBucket::memory(name));
            grants = grants
                .with_keys(name, ring.clone())
                .with_subkeys(name, ring.clone())
                .with_bucket(name, memory, whole());
            if let Ok(address) = name.parse() {
                grants = grants.with_tcp(address);
            }
        }
        Ok(grants.with_each_bucket(bucket))
    }

    /// Loads the plugin.
    ///
    /// # Errors
    /// Usage if it does not load under these grants, with what to add.
    pub(crate) async fn load(&self, host: &Host, grants: Grants) -> Result<Plugin, Failure> {
        let loaded = host.load(self.source.clone(), grants).await;
        let plugin = loaded.map_err(|error| self.hint(error))?;
        Ok(plugin.with_limits(self.own_limits)?)
    }

    /// Returns a codec of the plugin.
    ///
    /// # Errors
    /// Usage if it refuses its settings.
    pub(crate) async fn codec(
        &self,
        plugin: &Plugin,
        reuse: Reuse,
    ) -> Result<PluginCodec, Failure> {
        let codec = plugin.codec(self.settings.clone(), reuse).await;
        Ok(codec.map_err(|error| self.hint(error))?)
    }

    /// Returns a driver of the plugin.
    ///
    /// # Errors
    /// Usage if it refuses its settings.
    pub(crate) async fn driver(
        &self,
        plugin: &Plugin,
        reuse: Reuse,
    ) -> Result<PluginDriver, Failure> {
        let driver = plugin.driver(self.settings.clone(), reuse).await;
        Ok(driver.map_err(|error| self.hint(error))?)
    }

    /// Adds how to pass settings and grants to an error that lacks them.
    fn hint(&self, error: Error) -> Error {
        let is_lacking = matches!(error.kind(), ErrorKind::Config | ErrorKind::MissingGrant);
        if !is_lacking || self.configured.is_some() {
            return error;
        }
        let kind = error.kind();
        let text = "pass settings with --set NAME=VALUE, or grants with --config FILE";
        error.wrapped(kind, format!("`{}` needs more: {text}", self.source.name()))
    }
}

/// Returns whether a plugin is a driver.
pub(crate) fn is_driver(plugin: &Plugin) -> bool {
    plugin.inspection().world.is_some_and(World::is_driver)
}

/// Returns all access to a bucket that is made up.
fn whole() -> BucketAccess {
    BucketAccess::whole().with_overwriting().with_removing().with_listing()
}

impl MadeUpKey {
    fn ring(self) -> Result<Arc<dyn KeyRing>, Failure> {
        let (id, byte) = match self {
            Self::First => ("made-up", 7),
            Self::Other => ("made-up", 9),
            Self::Renamed => ("renamed", 9),
        };
        let ring = Ring::single(id, &KeyMaterial::new([byte; 32])).map_err(Error::from)?;
        Ok(Arc::new(ring))
    }
}
