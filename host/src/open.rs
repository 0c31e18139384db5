//! Opens a configuration for the first time.

use std::{path::Path, sync::Arc, time::Instant};

use cloakroom_core::Error;
use cloakroom_pipeline::Stage;

use crate::{
    build_info::BuildInfo, builder::CloakroomBuilder, cloakroom::Cloakroom, config::OpenBuckets,
    config_file::ConfigFile, key_facts, loaded_config::LoadedConfig, reload_metric,
};

impl Cloakroom {
    /// Reads a configuration file, loads the plugins that it names, and tries each codec.
    ///
    /// Builds a [`Host`](crate::plugin::Host) for it. One reserves some 775 GiB of address space with
    /// the default `limits.instances` of 64, which is not memory but counts against `ulimit -v`, and
    /// has a thread; a process has room for some 160 of them. A program with more than a few pipelines
    /// shares one host among them: [`CloakroomBuilder::with_host`].
    ///
    /// Dropping the future ends the load and frees what it took.
    ///
    /// # Errors
    /// `Config` with file, line and what to write instead, or outside of a Tokio runtime; otherwise
    /// the error that keeps a plugin from loading.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        CloakroomBuilder::file(path).open().await
    }
}

impl CloakroomBuilder {
    /// Opens the configuration.
    ///
    /// # Errors
    /// As [`Cloakroom::open`].
    pub async fn open(self) -> Result<Cloakroom, Error> {
        let (began, buckets) = (Instant::now(), Arc::<OpenBuckets>::default());
        let config = ConfigFile::read(&self.source, self.read_limit()).await?;
        let loaded = Box::pin(LoadedConfig::load(&self, config, began, &buckets, None)).await?;
        loaded.inventory.warn();
        announce(&self, &loaded);
        Ok(Cloakroom::new(loaded, self, buckets))
    }
}

/// Logs and records the parts of a configuration: names, never settings.
fn announce(builder: &CloakroomBuilder, loaded: &LoadedConfig) {
    let built = BuildInfo::current();
    built.record();
    reload_metric::record_open();
    key_facts::record(&loaded.keys, &[]);
    let path = builder.source.path().map(|path| path.display().to_string());
    let stages: Vec<_> = loaded.pipeline.stages().iter().map(Stage::name).collect();
    let drivers: Vec<_> = loaded.pipeline.drivers().into_iter().map(|(name, _)| name).collect();
    tracing::info!(
        // The target that operators filter by. It is not to change with the name of this file.
        target: "cloakroom::cloakroom",
        version = built.version,
        wasmtime = built.wasmtime,
        configuration = path,
        stages = stages.join(", "),
        drivers = drivers.join(", "),
        "opened the configuration"
    );
}
