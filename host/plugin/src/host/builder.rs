//! Builder of hosts.

use std::{path::PathBuf, sync::Arc};

use cloakroom_core::{Error, ErrorKind, Remedy};

use super::Host;
use crate::{
    limits::Limits,
    load::{compile_cache::CompileCache, compiler::Compiler, engine, loader::Loader},
    remedy::{RemedyNames, plugin_method},
    runtime::Runtime,
};

/// Builder of a [`Host`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct HostBuilder {
    limits: Limits,
    cache: Option<PathBuf>,
    precompiled_only: bool,
    compiler: Option<PathBuf>,
    remedy_name: Option<RemedyNames>,
}

impl Host {
    /// Returns a builder with the default limits, no cache folder, and the compiler in this process.
    pub fn builder() -> HostBuilder {
        HostBuilder::default()
    }
}

impl HostBuilder {
    /// Sets the limits of every plugin. Default: [`Limits::default`].
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets a folder for compiled plugins. It is made if need be, for this user alone. Machine code is
    /// loaded from it, so nobody else may be able to write there. Default: none, and every start compiles.
    pub fn with_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// Never compiles: plugins come from the cache folder, and others are refused. For processes that must
    /// start fast, or have no memory to spare for a compiler. Builds without the feature `compiler` have no
    /// other hosts. Default: off.
    pub fn with_precompiled_only(mut self) -> Self {
        self.precompiled_only = true;
        self
    }

    /// Compiles plugins in a process of its own. `program` is the `cloakroom` of this very version. The
    /// process has no environment and opens no file. It is ended when it exceeds
    /// [`CodeLimits::memory`](crate::CodeLimits::memory) or `CodeLimits::time`, or when the future that waits for the plugin is dropped. The program is trusted:
    /// what it writes is run.
    ///
    /// Default: plugins are compiled in this process. Time and memory are then bounded only by the formula
    /// behind the other [`crate::CodeLimits`], the memory is taken here, and a compilation goes on after
    /// [`Limits::load`].
    pub fn with_compiler(mut self, program: impl Into<PathBuf>) -> Self {
        self.compiler = Some(program.into());
        self
    }

    /// Sets how errors name the settings that decide about them. By default they name the methods and
    /// fields of [`Grants`](crate::Grants), [`Limits`] and the like.
    pub fn with_remedy_names(mut self, name: fn(Remedy) -> &'static str) -> Self {
        self.remedy_name = Some(name);
        self
    }

    /// Builds the host. It takes a thread, and 4,128 MiB of address space for each of three times
    /// `Limits::instances`. That is not memory, but counts against `ulimit -v`: 774 GiB with the defaults.
    /// A process has room for some 160 such hosts; pipelines may share one.
    ///
    /// # Errors
    /// `Config` if the limits contradict each other or ask for more than the system gives, or if the cache
    /// folder is not private. `Internal` if the system gives no thread.
    pub fn build(self) -> Result<Host, Error> {
        let name = self.remedy_name.unwrap_or(plugin_method);
        self.start(name).map_err(|error| error.name_remedies(name))
    }

    fn start(self, remedy_name: RemedyNames) -> Result<Host, Error> {
        let limits = self.limits;
        // Before the engine is built: its error would be about address space, and not name the limits.
        limits.check()?;
        let engine =
            engine::engine(&limits).map_err(|error| no_room(&limits).with_source(error))?;
        let cache = self.cache.map(|folder| {
            let text = format!("cannot use `{}` as the compile cache", folder.display());
            CompileCache::open(folder, &engine)
                .map_err(|error| Error::new(ErrorKind::Config, text).with_source(error))
        });
        let cache = cache.transpose()?;
        // After the cache: a folder that others can write to ends the start before anything is loaded
        // from it.
        let compiler =
            Compiler::new(engine.clone(), cache, !self.precompiled_only, &limits, self.compiler);
        let loader = Loader::new(engine.clone(), compiler, limits.component);
        let runtime = Runtime::start(&engine, limits, remedy_name)?;
        Ok(Host { runtime: Arc::new(runtime), loader: Arc::new(loader) })
    }
}

fn no_room(limits: &Limits) -> Error {
    let text = format!(
        "the system does not give {} of address space for {} instances: raise `ulimit -v`, allow \
         fewer, or have pipelines share one host",
        engine::address_space(limits),
        limits.instances
    );
    Error::new(ErrorKind::Config, text).with_remedies(&[Remedy::Instances])
}
