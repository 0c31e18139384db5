//! From WebAssembly to machine code, or straight from what was compiled before.

use std::{
    os::fd::AsRawFd as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use cloakroom_core::{Error, ErrorKind};
use wasmtime::{Engine, component::Component};

#[cfg(feature = "compiler")]
use crate::load::inspection::CAUSE;
use crate::{
    CodeLimits, CodeSize, Limits,
    load::{
        compile_cache::{self, Cache, CodeFile},
        compiler_process::{Cancel, CompilerProcess},
        source::Binary,
    },
};

/// Components that were compiled, over all hosts of the process.
const COMPILATIONS: &str = "cloakroom_compilations_total";

/// Compiles components, and keeps what it compiled in a folder if it has one.
pub(crate) struct Compiler {
    engine: Engine,
    cache: Option<Cache>,
    /// Whether it may compile. If not, what is not in the folder is refused.
    enabled: bool,
    limits: CodeLimits,
    /// Compiles instead of this process.
    process: Option<CompilerProcess>,
    compiled: AtomicU64,
}

/// A component's code in the cache folder.
pub(crate) struct Code {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// Whether it was compiled now.
    pub(crate) is_new: bool,
}

impl Code {
    fn of(file: CodeFile, is_new: bool) -> Self {
        Self { path: file.path, bytes: file.bytes.len() as u64, is_new }
    }
}

impl Compiler {
    /// `program` compiles in a process of its own, if it is given.
    pub(crate) fn new(
        engine: Engine,
        cache: Option<Cache>,
        enabled: bool,
        limits: &Limits,
        program: Option<PathBuf>,
    ) -> Self {
        // So that a process that compiles nothing says so.
        metrics::counter!(COMPILATIONS).increment(0);
        let enabled = enabled && cfg!(feature = "compiler");
        let limits = limits.code.clone();
        let process = program.map(|program| CompilerProcess {
            program,
            engine: compile_cache::fingerprint(&engine),
            limits: limits.clone(),
        });
        Self { engine, cache, enabled, limits, process, compiled: AtomicU64::new(0) }
    }

    pub(crate) fn folder(&self) -> Option<&Path> {
        self.cache.as_ref().map(Cache::folder)
    }

    /// How many components it has compiled.
    pub(crate) fn compiled(&self) -> u64 {
        self.compiled.load(Relaxed)
    }

    /// Returns a component ready to be linked.
    ///
    /// # Errors
    /// `PluginRejected` if it is invalid, or would have to be compiled and must not be.
    pub(crate) fn component(&self, binary: &Binary, cancel: &Cancel) -> Result<Component, Error> {
        if let Some((_, component)) = self.find(binary) {
            return Ok(component);
        }
        let code = self.compile(binary, cancel)?;
        let kept = match &self.cache {
            None => load_new(&self.engine, &code),
            Some(cache) => match cache.keep(binary.digest, &code) {
                Ok(code) => load(&self.engine, &code),
                Err(error) => {
                    let folder = cache.folder().display();
                    tracing::warn!(%error, %folder, "cannot write to the compile cache");
                    load_new(&self.engine, &code)
                }
            },
        };
        kept.map_err(|error| {
            let text = "cannot load what was just compiled";
            Error::new(ErrorKind::Internal, text).with_source(error)
        })
    }

    /// Returns where a component's code is in the cache folder, compiled now if need be.
    ///
    /// # Errors
    /// `Config` if there is no folder or it cannot be written to, `PluginRejected` as
    /// [`Compiler::component`].
    pub(crate) fn code(&self, binary: &Binary, cancel: &Cancel) -> Result<Code, Error> {
        let Some(cache) = &self.cache else {
            let text = "there is no compile cache to compile into: name its folder";
            return Err(Error::new(ErrorKind::Config, text));
        };
        if let Some((code, _)) = self.find(binary) {
            return Ok(Code::of(code, false));
        }
        let kept = cache.keep(binary.digest, &self.compile(binary, cancel)?);
        let code = kept.map_err(|error| {
            let text = format!("cannot write to the compile cache `{}`", cache.folder().display());
            Error::new(ErrorKind::Config, text).with_source(error)
        })?;
        Ok(Code::of(code, true))
    }

    /// What the folder holds of a component. Code that is damaged, another compiler's, or for a
    /// processor that has more than this one is as good as none.
    fn find(&self, binary: &Binary) -> Option<(CodeFile, Component)> {
        let mut files = self.cache.as_ref()?.find(binary.digest);
        files.find_map(|code| {
            let component = load(&self.engine, &code).ok()?;
            Some((code, component))
        })
    }

    fn compile(&self, binary: &Binary, cancel: &Cancel) -> Result<Vec<u8>, Error> {
        if !self.enabled {
            return Err(self.refusal());
        }
        CodeSize::of(&binary.bytes)?.check(&self.limits)?;
        self.compiled.fetch_add(1, Relaxed);
        metrics::counter!(COMPILATIONS).increment(1);
        match &self.process {
            Some(process) => process.compile(&binary.bytes, cancel),
            None => precompile(&self.engine, &binary.bytes),
        }
    }

    fn refusal(&self) -> Error {
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
                "cannot be loaded: {no_compiler}, and there is no compile cache: set `[cache] folder` \
                 to one that `cloakroom compile --config FILE --into FOLDER` has filled"
            ),
        };
        Error::new(ErrorKind::PluginRejected, text)
    }
}

/// Maps the open file where the system can, so that processes share its pages; else copies it.
#[expect(unsafe_code, reason = "loading machine code; see the argument")]
fn load(engine: &Engine, code: &CodeFile) -> wasmtime::Result<Component> {
    let open = format!("/proc/self/fd/{}", code.file.as_raw_fd());
    // SAFETY: the file was written by `Cache::keep` from what an engine's compiler made, into a
    // folder that only this user and root can write to, and has the digest noted then; so do the bytes
    // that were read from it. Whoever can change it already runs as this user, or as root.
    unsafe {
        if Path::new(&open).exists() {
            Component::deserialize_file(engine, open)
        } else {
            Component::deserialize(engine, &code.bytes)
        }
    }
}

#[expect(unsafe_code, reason = "loading machine code; see the argument")]
fn load_new(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are what this engine's compiler has just made, here or in a process that this
    // one started for it and that wrote to it alone, and were nowhere else since.
    unsafe { Component::deserialize(engine, code) }
}

#[cfg(feature = "compiler")]
fn precompile(engine: &Engine, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    engine.precompile_component(bytes).map_err(|error| {
        let text = "is not valid WebAssembly, or uses a feature this host does not have";
        // It may quote names out of the file.
        let cause = cloakroom_core::clean(&format!("{error:#}"), CAUSE);
        Error::new(ErrorKind::PluginRejected, text).with_source(cause)
    })
}

#[cfg(not(feature = "compiler"))]
fn precompile(_: &Engine, _: &[u8]) -> Result<Vec<u8>, Error> {
    Err(Error::new(ErrorKind::Internal, "asked to compile in a build that has no compiler"))
}
