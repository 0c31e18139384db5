//! Plugin that a command tries, with its settings and grants.

use cloakroom::{
    Error, ErrorKind,
    inspect::World,
    plugin::{
        Grants, Host, Limits, OwnLimits, Plugin, PluginCodec, PluginDriver, Reuse, Settings, Source,
    },
};

use super::{args::PluginArgs, backends, made_up_key::MadeUpKey, source::source};
use crate::{
    failure::Failure,
    open::{builder, host_builder},
};

/// Most instances in a call: enough for a tool, and little address space.
const INSTANCES: usize = 8;

/// Plugin that a command tries.
pub(crate) struct Candidate {
    pub(crate) source: Source,
    pub(crate) settings: Settings,
    pub(crate) limits: Limits,
    own_limits: OwnLimits,
    /// Grants of the configuration, if there is one.
    configured: Option<Grants>,
    /// Names of everything that is made up otherwise.
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

    /// Returns the grants: those of the configuration, or others that are made up.
    pub(crate) fn grants(&self, key: MadeUpKey) -> Result<Grants, Failure> {
        match &self.configured {
            Some(configured) => Ok(configured.clone().with_log()),
            None => backends::made_up(Grants::none(), &self.names, key),
        }
    }

    /// Returns grants under which the plugin loads although it has no server.
    pub(crate) fn grants_without_server(&self) -> Result<Grants, Failure> {
        backends::made_up(Grants::for_inspection(), &self.names, MadeUpKey::First)
    }

    /// Returns why the plugin cannot be called without a configuration, if it cannot.
    ///
    /// # Errors
    /// Those of reading it.
    pub(crate) fn unreachable(&self, host: &Host) -> Result<Option<String>, Failure> {
        if self.configured.is_some() {
            return Ok(None);
        }
        Ok(backends::unreachable(&host.inspect(&self.source)?.imports, &self.names))
    }

    /// Says what stands behind the imports of the plugin.
    pub(crate) fn backends(&self, plugin: &Plugin) -> Vec<String> {
        match &self.configured {
            Some(_) => vec!["what the configuration grants".to_owned()],
            None => backends::describe(&plugin.inspection().imports, &self.names),
        }
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
