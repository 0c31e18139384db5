//! Compiling plugins into the cache folder, before anything is loaded.

use cloakroom_core::Error;

use super::Host;
use crate::load::{
    blocking::run_blocking, compiled_plugin::CompiledPlugin, processor::Processor, source::Source,
};

impl Host {
    /// Compiles a plugin into the cache folder, unless code that this machine can run is there. It is not loaded, so it needs no
    /// grants. Another host with that folder loads it without compiling.
    ///
    /// # Errors
    /// `Config` if the host has no cache folder, cannot write to it, or is called outside of a Tokio
    /// runtime. `PluginRejected` if this host cannot load the plugin. `Busy` if it was not compiled within
    /// [`Limits::load`](crate::Limits::load).
    pub async fn compile(&self, source: &Source) -> Result<CompiledPlugin, Error> {
        self.compile_for(source, Processor::This).await
    }

    /// Compiles a plugin for a processor, as [`Host::compile`] does for that of this machine. This machine
    /// need not be able to run the code.
    ///
    /// # Errors
    /// As [`Host::compile`], and `Config` if the processor is of another architecture than this machine.
    pub async fn compile_for(
        &self,
        source: &Source,
        processor: Processor,
    ) -> Result<CompiledPlugin, Error> {
        let (loader, source) = (self.loader.clone(), source.clone());
        let name = source.name().to_owned();
        let compiled = run_blocking(self.runtime.limits.load, move |cancellation| {
            loader.compile(&source, processor, cancellation)
        });
        compiled.await.map_err(|error| self.name_remedies(error.in_plugin(&name)))
    }

    /// Returns how many components this host has compiled. Components from the cache folder, and those
    /// that the host knew, are not counted.
    #[must_use]
    pub fn compilations(&self) -> u64 {
        self.loader.compilations()
    }
}
