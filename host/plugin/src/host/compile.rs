//! Compiling plugins into the cache folder, before anything is loaded.

use cloakroom_core::Error;

use super::Host;
use crate::load::{blocking::run_blocking, compiled_plugin::CompiledPlugin, source::Source};

impl Host {
    /// Compiles a plugin into the cache folder, unless its code is there. It is not loaded, so it needs no
    /// grants. Another host with that folder loads it without compiling.
    ///
    /// # Errors
    /// `Config` if the host has no cache folder, cannot write to it, or is called outside of a Tokio
    /// runtime. `PluginRejected` if this host cannot load the plugin. `Busy` if it was not compiled within
    /// [`Limits::load`](crate::Limits::load).
    pub async fn compile(&self, source: &Source) -> Result<CompiledPlugin, Error> {
        let (loader, source) = (self.loader.clone(), source.clone());
        let name = source.name().to_owned();
        let compiled = run_blocking(self.runtime.limits.load, move |cancellation| {
            loader.compile(&source, cancellation)
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
