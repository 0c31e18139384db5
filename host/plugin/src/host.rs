//! Host: loads plugins, and is where they run.

pub(crate) mod builder;
mod compile;

use std::{fmt, path::Path, sync::Arc};

use cloakroom_core::{Error, MemoryBudget};

use crate::{
    grants::Grants,
    limits::Limits,
    load::{blocking::run_blocking, inspection::Inspection, loader::Loader, source::Source},
    plugin::Plugin,
    runtime::Runtime,
};

/// Loads plugins and runs them: one engine, its limits, its threads, and what it has compiled. Cheap to
/// clone; clones are the same host.
#[derive(Clone)]
pub struct Host {
    runtime: Arc<Runtime>,
    loader: Arc<Loader>,
}

impl Host {
    /// Returns the limits of every plugin.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.runtime.limits
    }

    /// Returns the budget of the memory that is held for calls, at most [`Limits::process_bytes`].
    #[must_use]
    pub fn memory(&self) -> &MemoryBudget {
        &self.runtime.memory
    }

    /// Returns the folder of compiled plugins, if there is one.
    #[must_use]
    pub fn cache_folder(&self) -> Option<&Path> {
        self.loader.cache_folder()
    }

    /// Inspects a plugin: its contract version, imports and exports. Nothing is compiled. Blocks if the
    /// source is a file.
    ///
    /// # Errors
    /// `PluginRejected` if it is not a component, `Config` if its file cannot be read.
    pub fn inspect(&self, source: &Source) -> Result<Inspection, Error> {
        self.loader.inspect(source).map_err(|error| self.name_remedies(error))
    }

    /// Loads a plugin: reads and inspects it, checks its imports against `grants`, and only then compiles
    /// it or takes it from the cache. A file that this host has loaded is not compiled again while a plugin
    /// made of it lives, nor if it is one of the last 16.
    ///
    /// It runs on a thread for blocking work. Dropping the future ends the compiler process, if there is
    /// one ([`crate::HostBuilder::with_compiler`]); a compilation in this process goes on, and its result
    /// is dropped.
    ///
    /// # Errors
    /// `PluginRejected` if this host cannot load it. `MissingGrant` if it imports something that `grants`
    /// does not give. `Config` if its file cannot be read, or outside of a Tokio runtime. `Busy` if it was
    /// not loaded within [`Limits::load`].
    pub async fn load(&self, source: Source, grants: Grants) -> Result<Plugin, Error> {
        let name: Arc<str> = Arc::from(source.name());
        let loader = self.loader.clone();
        let loaded = run_blocking(self.runtime.limits.load, move |cancellation| {
            let (linked, inspection) = loader.load(&source, &grants, cancellation)?;
            Ok((linked, inspection, grants))
        });
        let (linked, inspection, grants) =
            loaded.await.map_err(|error| self.name_remedies(error.in_plugin(&name)))?;
        Ok(Plugin::new(self.runtime.clone(), name, linked, inspection, grants))
    }

    fn name_remedies(&self, error: Error) -> Error {
        error.name_remedies(self.runtime.remedy_name)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("limits", self.limits()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use cloakroom_core::ErrorKind;
    use futures::executor::block_on;

    use super::*;

    /// Returns a host that takes little address space.
    fn host() -> Host {
        let limits = Limits { instances: 1.try_into().unwrap(), ..Limits::default() };
        Host::builder().with_limits(limits).build().unwrap()
    }

    #[test]
    fn loading_outside_of_a_runtime_is_an_error() {
        let (host, source) = (host(), Source::bytes("empty", &b""[..]));
        let loaded = block_on(host.load(source.clone(), Grants::none()));
        let error = loaded.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains("Tokio runtime"), "{error}");
        let error = block_on(host.compile(&source)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
}
