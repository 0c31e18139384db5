//! The host: one engine, its clock, its limits, and what was compiled before.

use std::{fmt, path::PathBuf, sync::Arc};

use cloakroom_core::{Error, ErrorKind};
use tokio::sync::Semaphore;
use wasmtime::{
    Engine,
    component::{Component, InstancePre},
};

use crate::{
    Grants, Inspection, Limits, Plugin, Source, cache::Cache, compile, compute::Compute,
    contract::v0_1::Prepared, engine, state::State, ticker::Ticker,
};

/// Loads plugins and runs them. Cheap to clone; clones are the same host.
#[derive(Clone)]
pub struct Host(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) limits: Limits,
    pub(crate) compute: Compute,
    /// One for each instance that waits warm.
    pub(crate) idle: Arc<Semaphore>,
    engine: Engine,
    cache: Option<Cache>,
}

/// A host in the making.
#[derive(Clone, Debug, Default)]
pub struct HostBuilder {
    limits: Limits,
    cache: Option<PathBuf>,
}

impl HostBuilder {
    /// What bounds every plugin.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Keeps compiled plugins in this folder. It is made if need be, for this user alone; machine
    /// code is loaded from it, so nobody else may write there.
    pub fn cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// The host.
    ///
    /// # Errors
    /// `Config` if the limits ask for more than the system gives, or the cache is not private.
    pub fn build(self) -> Result<Host, Error> {
        let limits = self.limits;
        let refused = |what: &str| Error::new(ErrorKind::Config, what);
        limits.check()?;
        let engine = engine::engine(&limits).map_err(|error| {
            refused("the system cannot hold so many instances of that size: lower `limits.instances` or `limits.memory`").because(error)
        })?;
        let cache = self.cache.map(|folder| {
            let text = format!("cannot use `{}` as the compile cache", folder.display());
            Cache::open(folder, &engine).map_err(|error| refused(&text).because(error))
        });
        let cache = cache.transpose()?;
        let ticker = Ticker::start(&engine).map_err(|error| {
            Error::new(ErrorKind::Internal, "cannot start a thread").because(error)
        })?;
        let compute = Compute::new(ticker, &limits);
        let idle = limits.instances.get().min(Semaphore::MAX_PERMITS);
        let idle = Arc::new(Semaphore::new(idle));
        Ok(Host(Arc::new(Shared { limits, compute, idle, engine, cache })))
    }
}

impl Host {
    /// A host to be.
    pub fn builder() -> HostBuilder {
        HostBuilder::default()
    }

    /// What bounds every plugin.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Reads what a plugin says of itself, without compiling it.
    ///
    /// # Errors
    /// `PluginRejected` if it is no component, `Config` if its file cannot be read.
    pub fn inspect(&self, source: &Source) -> Result<Inspection, Error> {
        let read = source.read(self.0.limits.component);
        let inspected = read.and_then(|binary| Inspection::read(&binary.bytes, binary.digest));
        inspected.map_err(|error| error.in_plugin(source.name()))
    }

    /// Loads a plugin: reads, inspects, holds its imports against `grants`, and only then compiles it
    /// or takes it from the cache.
    ///
    /// # Errors
    /// `PluginRejected` if this host cannot load it, `MissingGrant` if it imports what `grants` does
    /// not give.
    pub async fn load(&self, source: Source, grants: Grants) -> Result<Plugin, Error> {
        let name: Arc<str> = Arc::from(source.name());
        let shared = self.0.clone();
        let loading = tokio::task::spawn_blocking(move || {
            shared
                .load(&source, &grants)
                .map(|(prepared, inspection)| (prepared, inspection, grants))
        });
        let loaded = loading
            .await
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "loading did not finish")));
        let (prepared, inspection, grants) = loaded.map_err(|error| error.in_plugin(&name))?;
        Ok(Plugin::new(self.clone(), name, prepared, inspection, grants))
    }
}

impl Shared {
    fn load(&self, source: &Source, grants: &Grants) -> Result<(Prepared, Inspection), Error> {
        let binary = source.read(self.limits.component)?;
        let inspection = Inspection::read(&binary.bytes, binary.digest)?;
        inspection.check()?;
        grants.check(&inspection)?;
        let component = compile::component(&self.engine, self.cache.as_ref(), &binary)?;
        let linked = self.link(&component, &inspection).map_err(|error| {
            let text = "does not fit the contract: was it built against another text of it?";
            Error::new(ErrorKind::PluginRejected, text).because(error)
        })?;
        let prepared = Prepared::new(linked).ok_or_else(|| {
            Error::new(
                ErrorKind::PluginRejected,
                "exports a codec or a driver without its functions",
            )
        })?;
        Ok((prepared, inspection))
    }

    fn link(
        &self,
        component: &Component,
        inspection: &Inspection,
    ) -> wasmtime::Result<InstancePre<State>> {
        #[cfg(feature = "wasi")]
        if inspection.uses_wasi() {
            return engine::linker_with_wasi(&self.engine)?.instantiate_pre(component);
        }
        let _ = inspection;
        engine::linker(&self.engine)?.instantiate_pre(component)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("limits", &self.0.limits).finish_non_exhaustive()
    }
}
