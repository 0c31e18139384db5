//! Plugins compiled into the cache folder, before anything is loaded.

use std::path::PathBuf;

use cloakroom_core::Error;

use crate::{
    Digest, Host, Inspection, Source,
    host::Shared,
    load::{blocking, compiler::Code, compiler_process::Cancel},
};

/// A plugin's machine code in the cache folder.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CompiledPlugin {
    /// The digest of the plugin's file.
    pub digest: Digest,
    /// The file of its code.
    pub path: PathBuf,
    /// The size of its code in bytes.
    pub bytes: u64,
    /// Whether it was compiled now; else it was there.
    pub is_new: bool,
}

impl Host {
    /// Compiles a plugin into the cache folder, unless its code is there. It is not loaded, so no
    /// grants are needed: another host on that folder loads it without compiling.
    ///
    /// # Errors
    /// `Config` if the host has no cache folder, or cannot write to it; `PluginRejected` if this host
    /// cannot load such a plugin.
    pub async fn compile(&self, source: &Source) -> Result<CompiledPlugin, Error> {
        let (shared, source) = (self.0.clone(), source.clone());
        let name = source.name().to_owned();
        let compiled = blocking::load(self.0.limits.load, move |cancel| {
            shared.compile(&source, cancel).map_err(|error| source.blame(error))
        });
        let compiled = compiled.await;
        compiled.map_err(|error| error.in_plugin(&name))
    }

    /// Returns how many components this host has compiled. What came from the cache folder, or was
    /// known to the host, is not among them.
    pub fn compilations(&self) -> u64 {
        self.0.compiler.compiled()
    }
}

impl Shared {
    fn compile(&self, source: &Source, cancel: &Cancel) -> Result<CompiledPlugin, Error> {
        let binary = source.read(self.limits.component)?;
        Inspection::read(&binary.bytes, binary.digest)?.check()?;
        let code = self.compiler.code(&binary, cancel)?;
        let Code { path, bytes, is_new } = code;
        Ok(CompiledPlugin { digest: binary.digest, path, bytes, is_new })
    }
}
