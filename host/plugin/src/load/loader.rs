//! Loader of one host: from a source to a linked plugin.

use std::{path::Path, sync::Arc};

use cloakroom_core::{ByteSize, Error, ErrorKind, clean};
use wasmtime::Engine;

use super::{
    cancellation::Cancellation,
    compiled_plugin::CompiledPlugin,
    compiler::{CompiledCode, Compiler},
    component_names::CAUSE,
    grant_check::check_grants,
    inspection::Inspection,
    linked_plugins::LinkedPlugins,
    linker::link,
    processor::Processor,
    source::{PluginBytes, Source},
};
use crate::{contract::v0_1::exports::linked_plugin::LinkedPlugin, grants::Grants};

/// Loader of one host. All its methods block.
pub(crate) struct Loader {
    engine: Engine,
    compiler: Compiler,
    linked: LinkedPlugins,
    /// Most bytes of a plugin's file.
    component_limit: ByteSize,
}

impl Loader {
    pub(crate) fn new(engine: Engine, compiler: Compiler, component_limit: ByteSize) -> Self {
        Self { engine, compiler, linked: LinkedPlugins::default(), component_limit }
    }

    /// Returns the folder of compiled plugins, if there is one.
    pub(crate) fn cache_folder(&self) -> Option<&Path> {
        self.compiler.folder()
    }

    /// Returns how many components were compiled.
    pub(crate) fn compilations(&self) -> u64 {
        self.compiler.compiled()
    }

    /// Inspects a plugin without compiling it.
    ///
    /// # Errors
    /// `PluginRejected` if it is no component, `Config` if its file cannot be read.
    pub(crate) fn inspect(&self, source: &Source) -> Result<Inspection, Error> {
        let read = source.read(self.component_limit);
        let inspected = read.and_then(|plugin| Inspection::read(&plugin.bytes, plugin.digest));
        inspected.map_err(|error| source.add_context(error))
    }

    /// Loads a plugin.
    ///
    /// # Errors
    /// `PluginRejected` if this host cannot load it, `MissingGrant` if it imports something that is not
    /// granted, `Config` if its file cannot be read.
    pub(crate) fn load(
        &self,
        source: &Source,
        grants: &Grants,
        cancellation: &Cancellation,
    ) -> Result<(Arc<LinkedPlugin>, Inspection), Error> {
        let loaded = self.load_checked(source, grants, cancellation);
        loaded.map_err(|error| source.add_context(error))
    }

    /// Compiles a plugin for a processor into the cache folder. It is not linked, so it needs no grants.
    ///
    /// # Errors
    /// `Config` if there is no folder, or it cannot be written to. `PluginRejected` if this host cannot load
    /// the plugin.
    pub(crate) fn compile(
        &self,
        source: &Source,
        processor: Processor,
        cancellation: &Cancellation,
    ) -> Result<CompiledPlugin, Error> {
        let compiled = self.compile_checked(source, processor, cancellation);
        compiled.map_err(|error| source.add_context(error))
    }

    fn load_checked(
        &self,
        source: &Source,
        grants: &Grants,
        cancellation: &Cancellation,
    ) -> Result<(Arc<LinkedPlugin>, Inspection), Error> {
        let plugin = source.read(self.component_limit)?;
        let inspection = Inspection::read(&plugin.bytes, plugin.digest)?;
        inspection.check()?;
        // Before compiling: a plugin that asks for too much is refused in microseconds, and the compiler
        // never sees it.
        check_grants(&inspection, grants)?;
        let link = || self.compile_and_link(&plugin, &inspection, cancellation);
        let linked = self.linked.get_or_link(plugin.digest, link)?;
        Ok((linked, inspection))
    }

    fn compile_checked(
        &self,
        source: &Source,
        processor: Processor,
        cancellation: &Cancellation,
    ) -> Result<CompiledPlugin, Error> {
        let plugin = source.read(self.component_limit)?;
        Inspection::read(&plugin.bytes, plugin.digest)?.check()?;
        let code = self.compiler.compile_into_cache(&plugin, processor, cancellation)?;
        let CompiledCode { path, bytes, is_new } = code;
        Ok(CompiledPlugin { digest: plugin.digest, path, bytes, is_new })
    }

    /// Compiles and links a plugin. The result depends on its file alone, so that plugins of one file share
    /// it: grants belong to instances.
    fn compile_and_link(
        &self,
        plugin: &PluginBytes,
        inspection: &Inspection,
        cancellation: &Cancellation,
    ) -> Result<LinkedPlugin, Error> {
        let component = self.compiler.component(plugin, cancellation)?;
        let pre = link(&self.engine, &component, inspection).map_err(|error| {
            let text =
                "was built against another version of the contract: rebuild it against wit/v0.1";
            let refused = inspection.later_version();
            let refused = refused.unwrap_or_else(|| Error::new(ErrorKind::PluginRejected, text));
            // It may quote names that the author chose.
            refused.with_source(clean(&format!("{error:#}"), CAUSE))
        })?;
        LinkedPlugin::new(pre).ok_or_else(|| {
            let text = "exports a codec or a driver without its functions";
            Error::new(ErrorKind::PluginRejected, text)
        })
    }
}
