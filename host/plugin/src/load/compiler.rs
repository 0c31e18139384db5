//! Compiler: from WebAssembly to machine code, or straight from the cache.

use std::{
    os::fd::AsRawFd as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use cloakroom_core::{Error, ErrorKind, Remedy};
use wasmtime::{Engine, component::Component};

#[cfg(feature = "compiler")]
use super::component_names::CAUSE;
use super::{
    cancellation::Cancellation,
    code_size::CodeSize,
    code_target::CodeTarget,
    compile_cache::{CompileCache, CompiledFile},
    compiler_process::CompilerProcess,
    processor::Processor,
    source::PluginBytes,
};
use crate::limits::{Limits, code_limits::CodeLimits};

/// Metric of compiled components, over all hosts of the process.
const COMPILATIONS: &str = "cloakroom_compilations_total";

/// Compiler of one host, with its cache folder if there is one.
pub(crate) struct Compiler {
    /// This machine, with the engine that runs the code.
    this: CodeTarget,
    cache: Option<CompileCache>,
    /// Whether it may compile. Otherwise plugins that are not in the cache are refused.
    enabled: bool,
    limits: CodeLimits,
    /// Process that compiles in place of this one.
    process: Option<CompilerProcess>,
    compiled: AtomicU64,
}

/// Code of a component in the cache folder.
pub(super) struct CompiledCode {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    /// Whether it was compiled now.
    pub(super) is_new: bool,
}

impl CompiledCode {
    fn new(file: CompiledFile, is_new: bool) -> Self {
        Self { path: file.path, bytes: file.bytes.len() as u64, is_new }
    }
}

impl Compiler {
    /// Returns a compiler. `program` compiles in a process of its own, if it is given.
    pub(crate) fn new(
        engine: Engine,
        cache: Option<CompileCache>,
        enabled: bool,
        limits: &Limits,
        program: Option<PathBuf>,
    ) -> Self {
        // So that the metric is there, with 0, in a process that compiles nothing.
        metrics::counter!(COMPILATIONS).increment(0);
        let enabled = enabled && cfg!(feature = "compiler");
        let limits = limits.code.clone();
        let process = program.map(|program| CompilerProcess { program, limits: limits.clone() });
        let this = CodeTarget::this(engine);
        Self { this, cache, enabled, limits, process, compiled: AtomicU64::new(0) }
    }

    pub(crate) fn folder(&self) -> Option<&Path> {
        self.cache.as_ref().map(CompileCache::folder)
    }

    /// Returns how many components it has compiled.
    pub(crate) fn compiled(&self) -> u64 {
        self.compiled.load(Relaxed)
    }

    /// Returns a component ready to be linked, from the cache or compiled.
    ///
    /// # Errors
    /// `PluginRejected` if it is invalid, exceeds a limit, or is not in the cache and must not be compiled.
    pub(super) fn component(
        &self,
        plugin: &PluginBytes,
        cancellation: &Cancellation,
    ) -> Result<Component, Error> {
        if let Some((_, component)) = self.find_cached(plugin) {
            return Ok(component);
        }
        let CodeTarget { engine, fingerprint, .. } = &self.this;
        let code = self.compile(plugin, &self.this, cancellation)?;
        let loaded = match &self.cache {
            None => load_new(engine, &code),
            Some(cache) => match cache.store(plugin.digest, fingerprint, &code) {
                Ok(code) => load(engine, &code),
                // Without the cache the next start takes longer. That must not keep this one from working.
                Err(error) => {
                    let folder = cache.folder().display();
                    tracing::warn!(%error, %folder, "cannot write to the compile cache");
                    load_new(engine, &code)
                }
            },
        };
        loaded.map_err(|error| {
            let text = "cannot load what was just compiled";
            Error::new(ErrorKind::Internal, text).with_source(error)
        })
    }

    /// Returns a component's code in the cache folder, compiled now for a processor if it is not there.
    ///
    /// # Errors
    /// `Config` if there is no folder, it cannot be written to, or the processor is of another architecture. `PluginRejected` as
    /// [`Compiler::component`].
    pub(super) fn compile_into_cache(
        &self,
        plugin: &PluginBytes,
        processor: Processor,
        cancellation: &Cancellation,
    ) -> Result<CompiledCode, Error> {
        let Some(cache) = &self.cache else {
            let text = "there is no compile cache to compile into: name its folder";
            let error = Error::new(ErrorKind::Config, text);
            return Err(error.with_remedies(&[Remedy::CompileCache]));
        };
        let other =
            (processor != Processor::This).then(|| CodeTarget::of(processor)).transpose()?;
        let found = match &other {
            None => self.find_cached(plugin).map(|(code, _)| code),
            // This machine may not have what the code needs, so it is not loaded.
            Some(other) => cache.find_for(plugin.digest, &other.fingerprint),
        };
        if let Some(code) = found {
            return Ok(CompiledCode::new(code, false));
        }
        let target = other.as_ref().unwrap_or(&self.this);
        let code = self.compile(plugin, target, cancellation)?;
        let stored = cache.store(plugin.digest, &target.fingerprint, &code);
        let code = stored.map_err(|error| {
            let text = format!("cannot write to the compile cache `{}`", cache.folder().display());
            Error::new(ErrorKind::Config, text).with_source(error)
        })?;
        Ok(CompiledCode::new(code, true))
    }

    /// Returns a component's code in the cache folder. Code that is damaged, of another compiler, or for a
    /// processor with more features counts as none.
    fn find_cached(&self, plugin: &PluginBytes) -> Option<(CompiledFile, Component)> {
        let mut files = self.cache.as_ref()?.find(plugin.digest);
        files.find_map(|code| {
            let component = load(&self.this.engine, &code).ok()?;
            Some((code, component))
        })
    }

    fn compile(
        &self,
        plugin: &PluginBytes,
        target: &CodeTarget,
        cancellation: &Cancellation,
    ) -> Result<Vec<u8>, Error> {
        if !self.enabled {
            return Err(self.may_not_compile());
        }
        // Before the compiler sees it: some files of a few kilobytes keep it busy for minutes.
        CodeSize::measure(&plugin.bytes)?.check_unnamed(&self.limits)?;
        self.compiled.fetch_add(1, Relaxed);
        metrics::counter!(COMPILATIONS).increment(1);
        match &self.process {
            Some(process) => process.compile(&plugin.bytes, target, cancellation),
            None => precompile(&target.engine, &plugin.bytes),
        }
    }

    fn may_not_compile(&self) -> Error {
        let no_compiler = if cfg!(feature = "compiler") {
            "this host may not compile"
        } else {
            "this build has no compiler"
        };
        let text = match self.folder() {
            Some(folder) => format!(
                "is not in the compile cache `{}` as code for this processor, and {no_compiler}: \
                 fill the folder with `cloakroom compile --config FILE --into FOLDER`",
                folder.display()
            ),
            None => format!(
                "cannot be loaded: {no_compiler}, and there is no compile cache: name a folder that \
                 `cloakroom compile --config FILE --into FOLDER` has filled"
            ),
        };
        Error::new(ErrorKind::PluginRejected, text).with_remedies(&[Remedy::CompileCache])
    }
}

/// Loads code from the cache. Maps the open file if the system can, so that processes share its pages, and
/// copies it otherwise.
#[expect(unsafe_code, reason = "loading machine code; see the argument")]
fn load(engine: &Engine, code: &CompiledFile) -> wasmtime::Result<Component> {
    let open = format!("/proc/self/fd/{}", code.file.as_raw_fd());
    // SAFETY: `deserialize` trusts its input to be the output of a wasmtime compiler: anything else may run
    // arbitrary code. `CompileCache::store` wrote this file with such output, into a folder that only this
    // user and root can write to (`compile_cache/private.rs`), and its bytes have the digest noted then. The
    // file is the one that was checked, not its path opened again. Whoever can change it nevertheless runs
    // as this user or as root, and needs no plugin to run code here. Plugins' own files never get here.
    unsafe {
        if Path::new(&open).exists() {
            Component::deserialize_file(engine, open)
        } else {
            Component::deserialize(engine, &code.bytes)
        }
    }
}

/// Loads code that was just compiled.
#[expect(unsafe_code, reason = "loading machine code; see the argument")]
fn load_new(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are the output of this engine's compiler, in this process or in one that this one
    // started from the program that the embedder named and trusts (`HostBuilder::with_compiler`). They came
    // through a pipe that no other process has, and were in this process's memory since.
    unsafe { Component::deserialize(engine, code) }
}

#[cfg(feature = "compiler")]
fn precompile(engine: &Engine, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    engine.precompile_component(bytes).map_err(|error| {
        let text = "is not valid WebAssembly, or uses a feature this host does not have";
        // It may quote names that the author chose.
        let cause = cloakroom_core::clean(&format!("{error:#}"), CAUSE);
        Error::new(ErrorKind::PluginRejected, text).with_source(cause)
    })
}

#[cfg(not(feature = "compiler"))]
fn precompile(_: &Engine, _: &[u8]) -> Result<Vec<u8>, Error> {
    Err(Error::new(ErrorKind::Internal, "asked to compile in a build that has no compiler"))
}
