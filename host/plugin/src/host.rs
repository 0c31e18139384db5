//! The host: one engine, its clock, its limits, and what was compiled before.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use cloakroom_core::{Error, ErrorKind, MemoryBudget};
use wasmtime::{
    Engine,
    component::{Component, InstancePre},
};

use crate::{
    Grants, Inspection, Limits, Plugin, Source,
    compute::{Compute, ticker::Ticker},
    contract::v0_1::LinkedPlugin,
    instance::{state::State, warm_capacity::Idle},
    load::{
        blocking, compile_cache::Cache, compiler::Compiler, compiler_process::Cancel, engine,
        inspection::CAUSE, linked_plugins::Components, source::Binary,
    },
};

/// Loads plugins and runs them. Cheap to clone; clones are the same host.
#[derive(Clone)]
pub struct Host(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) limits: Limits,
    pub(crate) memory: MemoryBudget,
    pub(crate) compute: Compute,
    /// Places for instances that wait warm.
    pub(crate) idle: Idle,
    engine: Engine,
    pub(crate) compiler: Compiler,
    components: Components,
}

/// A host in the making.
#[derive(Clone, Debug, Default)]
pub struct HostBuilder {
    limits: Limits,
    cache: Option<PathBuf>,
    precompiled_only: bool,
    compiler: Option<PathBuf>,
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

    /// Never compiles: plugins come from the cache folder, and what is not there is refused. For
    /// processes that must start fast, or have no memory to spare for a compiler; builds without the
    /// feature `compiler` have no other hosts.
    pub fn precompiled_only(mut self) -> Self {
        self.precompiled_only = true;
        self
    }

    /// Compiles plugins in a process of its own: `program` is the `cloakroom` of this very version. The
    /// process has no environment, opens no file, and is ended when it passes `limits.code.memory` or
    /// `limits.code.time`, or when nobody waits for the plugin any more. The program is trusted: what
    /// it writes is run.
    ///
    /// Without this, plugins are compiled in this process. What the other [`crate::CodeLimits`] let through
    /// is bounded by their formula then, takes its memory here, and goes on after `limits.load`.
    pub fn compiler(mut self, program: impl Into<PathBuf>) -> Self {
        self.compiler = Some(program.into());
        self
    }

    /// The host. It takes a thread, and 4,128 MiB of address space for each of three times
    /// `Limits::instances`, which is not memory but counts against `ulimit -v`: with the defaults
    /// 774 GiB. A process has room for some 160 such hosts; pipelines may share one.
    ///
    /// # Errors
    /// `Config` if the limits ask for more than the system gives, or the cache is not private.
    pub fn build(self) -> Result<Host, Error> {
        let limits = self.limits;
        let refused = |what: &str| Error::new(ErrorKind::Config, what);
        limits.check()?;
        let engine = engine::engine(&limits)
            .map_err(|error| refused(&no_room(&limits)).with_source(error))?;
        let cache = self.cache.map(|folder| {
            let text = format!("cannot use `{}` as the compile cache", folder.display());
            Cache::open(folder, &engine).map_err(|error| refused(&text).with_source(error))
        });
        let cache = cache.transpose()?;
        let compiler =
            Compiler::new(engine.clone(), cache, !self.precompiled_only, &limits, self.compiler);
        let ticker = Ticker::start(&engine).map_err(|error| {
            Error::new(ErrorKind::Internal, "cannot start a thread").with_source(error)
        })?;
        let compute = Compute::new(ticker, &limits);
        let idle = Idle::new(limits.instances.get(), limits.process_bytes);
        let components = Components::default();
        let memory = MemoryBudget::new(limits.call_bytes, limits.process_bytes);
        let shared = Shared { limits, memory, compute, idle, engine, compiler, components };
        Ok(Host(Arc::new(shared)))
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

    /// Returns what counts the memory that is held for calls, `limits.process_bytes` at most.
    pub fn memory(&self) -> &MemoryBudget {
        &self.0.memory
    }

    /// The folder that it keeps compiled plugins in, if it keeps any.
    pub fn cache_folder(&self) -> Option<&Path> {
        self.0.compiler.folder()
    }

    /// Reads what a plugin says of itself, without compiling it. Reads its file, so it may block.
    ///
    /// # Errors
    /// `PluginRejected` if it is no component, `Config` if its file cannot be read.
    pub fn inspect(&self, source: &Source) -> Result<Inspection, Error> {
        let read = source.read(self.0.limits.component);
        let inspected = read.and_then(|binary| Inspection::read(&binary.bytes, binary.digest));
        inspected.map_err(|error| source.blame(error))
    }

    /// Loads a plugin: reads, inspects, holds its imports against `grants`, and only then compiles it
    /// or takes it from the cache. A file that this host has loaded before is not compiled again while
    /// a plugin made of it lives, nor if it is one of the last 16.
    ///
    /// # Errors
    /// `PluginRejected` if this host cannot load it, `MissingGrant` if it imports what `grants` does
    /// not give.
    pub async fn load(&self, source: Source, grants: Grants) -> Result<Plugin, Error> {
        let name: Arc<str> = Arc::from(source.name());
        let shared = self.0.clone();
        let loaded = blocking::load(self.0.limits.load, move |cancel| {
            let loaded = shared.load(&source, &grants, cancel);
            let (prepared, inspection) = loaded.map_err(|error| source.blame(error))?;
            Ok((prepared, inspection, grants))
        });
        let (prepared, inspection, grants) =
            loaded.await.map_err(|error| error.in_plugin(&name))?;
        Ok(Plugin::new(self.clone(), name, prepared, inspection, grants))
    }
}

impl Shared {
    fn load(
        &self,
        source: &Source,
        grants: &Grants,
        cancel: &Cancel,
    ) -> Result<(Arc<LinkedPlugin>, Inspection), Error> {
        let binary = source.read(self.limits.component)?;
        let inspection = Inspection::read(&binary.bytes, binary.digest)?;
        inspection.check()?;
        grants.check(&inspection)?;
        let prepare = || self.prepare(&binary, &inspection, cancel);
        let prepared = self.components.get_or_prepare(binary.digest, prepare)?;
        Ok((prepared, inspection))
    }

    /// Compiles and links a component. It depends on nothing but the file: grants are an instance's.
    fn prepare(
        &self,
        binary: &Binary,
        inspection: &Inspection,
        cancel: &Cancel,
    ) -> Result<LinkedPlugin, Error> {
        let component = self.compiler.component(binary, cancel)?;
        let linked = self.link(&component, inspection).map_err(|error| {
            let text =
                "was built against another version of the contract: rebuild it against wit/v0.1";
            // It may quote names out of the file.
            let cause = cloakroom_core::clean(&format!("{error:#}"), CAUSE);
            Error::new(ErrorKind::PluginRejected, text).with_source(cause)
        })?;
        LinkedPlugin::new(linked).ok_or_else(|| {
            let text = "exports a codec or a driver without its functions";
            Error::new(ErrorKind::PluginRejected, text)
        })
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

fn no_room(limits: &Limits) -> String {
    format!(
        "the system does not give {} of address space for instances: raise `ulimit -v`, lower \
         `limits.instances` ({}), or have pipelines share one host",
        engine::address_space(limits),
        limits.instances
    )
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("limits", &self.0.limits).finish_non_exhaustive()
    }
}
