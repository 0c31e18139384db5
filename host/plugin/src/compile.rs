//! From WebAssembly to machine code, or straight from what was compiled before.

use std::path::Path;

use cloakroom_core::{Error, ErrorKind};
use wasmtime::{Engine, component::Component};

use crate::{cache::Cache, source::Binary};

/// A component ready to be linked.
pub(crate) fn component(
    engine: &Engine,
    cache: Option<&Cache>,
    binary: &Binary,
) -> Result<Component, Error> {
    let Some(cache) = cache else {
        return compile(engine, &binary.bytes);
    };
    // Code that is damaged, or another compiler's, is as good as none.
    let found = cache.find(binary.digest).and_then(|code| load(engine, &code).ok());
    found.map_or_else(|| compile_and_keep(engine, cache, binary), Ok)
}

fn compile_and_keep(engine: &Engine, cache: &Cache, binary: &Binary) -> Result<Component, Error> {
    let compiled = precompile(engine, &binary.bytes)?;
    let code = match cache.keep(binary.digest, &compiled) {
        Ok(code) => code,
        Err(error) => {
            tracing::warn!(%error, "cannot write to the compile cache");
            return compile(engine, &binary.bytes);
        }
    };
    load(engine, &code).map_err(|error| {
        Error::new(ErrorKind::Internal, "cannot load what was just compiled").because(error)
    })
}

#[expect(unsafe_code, reason = "loading machine code; see the argument")]
fn load(engine: &Engine, code: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the file was written by `Cache::keep` from what this engine's compiler made, into a
    // folder that only this user can write to, and has the digest noted then. Whoever can change it
    // already runs as this user.
    unsafe { Component::deserialize_file(engine, code) }
}

#[cfg(feature = "compiler")]
fn compile(engine: &Engine, bytes: &[u8]) -> Result<Component, Error> {
    Component::from_binary(engine, bytes).map_err(invalid)
}

#[cfg(feature = "compiler")]
fn precompile(engine: &Engine, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    engine.precompile_component(bytes).map_err(invalid)
}

#[cfg(feature = "compiler")]
fn invalid(error: wasmtime::Error) -> Error {
    let text = "is not valid WebAssembly, or uses a feature this host does not have";
    Error::new(ErrorKind::PluginRejected, text).because(error)
}

#[cfg(not(feature = "compiler"))]
fn compile(_engine: &Engine, _bytes: &[u8]) -> Result<Component, Error> {
    let text = "is not in the compile cache, and this build has no compiler: \
                load it once with a build that has the feature `compiler`";
    Err(Error::new(ErrorKind::PluginRejected, text))
}

#[cfg(not(feature = "compiler"))]
fn precompile(engine: &Engine, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    compile(engine, bytes).map(|_| Vec::new())
}
