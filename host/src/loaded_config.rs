//! A loaded configuration, which a reload replaces as a whole.

use std::{path::PathBuf, sync::Arc, time::Instant};

use cloakroom_core::Error;
use cloakroom_pipeline::Pipeline;
use cloakroom_plugin::Host;

#[cfg(feature = "temporal")]
use crate::config::TemporalEntry;
use crate::{
    blocking_work::run_blocking,
    builder::CloakroomBuilder,
    config::{OpenBuckets, Rings, ServiceRings, Table},
    config_file::ConfigFile,
    file_stamps::FileStamps,
    inventory::Inventory,
    key_facts::{KeyFact, key_facts},
    load_deadline::{LoadProgress, load_within},
    pipeline_loader::{LoadedPipeline, load_pipeline},
    plugin_loader::PluginLoader,
    resources::Resources,
};

/// A loaded configuration.
pub(crate) struct LoadedConfig {
    pub(crate) host: Host,
    pub(crate) pipeline: Pipeline,
    /// True if the same payload is encoded to the same bytes twice.
    pub(crate) repeats: bool,
    /// Its parts, for reports and checks.
    pub(crate) inventory: Inventory,
    #[cfg(feature = "temporal")]
    pub(crate) temporal: TemporalEntry,
    /// The codec server's table, and the folder that its paths start from.
    #[cfg(feature = "codec-server")]
    pub(crate) codec_server: (crate::config::CodecServerEntry, PathBuf),
    /// The gateways' table, and the folder that its paths start from.
    #[cfg(feature = "gateway")]
    pub(crate) gateway: (crate::config::GatewayEntry, PathBuf),
    #[cfg(any(feature = "gateway", feature = "temporal-sdk"))]
    pub(crate) namespaces: Arc<cloakroom_temporal::NamespacePolicies>,
    /// Keys of the gateway's page tokens.
    #[cfg(any(feature = "gateway", feature = "temporal-sdk"))]
    pub(crate) page_keys: cloakroom_temporal::PageKeys,
    /// Folder of compiled plugins.
    cache: Option<PathBuf>,
    pub(crate) rings: Rings,
    pub(crate) service_rings: ServiceRings,
    pub(crate) keys: Vec<KeyFact>,
    pub(crate) stamps: FileStamps,
}

impl LoadedConfig {
    /// Loads a configuration and tries its codecs, until `limits.load` has passed since `began`.
    /// `before` is the configuration that it follows, from which it takes over its host if that stays
    /// the same.
    ///
    /// Dropping the future ends the load and frees what it took. Nothing was changed then.
    pub(crate) async fn load(
        builder: &CloakroomBuilder,
        config: ConfigFile,
        began: Instant,
        open: &Arc<OpenBuckets>,
        before: Option<&Self>,
    ) -> Result<Self, Error> {
        // A shared host keeps its limits, which the file may only repeat.
        let limit = match &builder.host {
            Some(shared) => shared.limits().load,
            None => config.file.plugin_limits().load,
        };
        let name = config.locator.name().to_owned();
        let progress = LoadProgress::default();
        progress.begin("keys, secrets and buckets".to_owned());
        let load = Self::load_parts(builder, config, open, before, &progress);
        let loaded = load_within(limit, began, &progress, load).await;
        loaded.map_err(|error| error.at_place(&name))
    }

    async fn load_parts(
        builder: &CloakroomBuilder,
        config: ConfigFile,
        open: &Arc<OpenBuckets>,
        before: Option<&Self>,
        progress: &LoadProgress,
    ) -> Result<Self, Error> {
        let (this, open) = (builder.clone(), open.clone());
        let before = before.map(|before| (before.host.clone(), before.cache.clone()));
        // Keys, secrets and the cache are files, whose file system may not answer.
        let opened = run_blocking(move || {
            let resources = Resources::open(&this, &config, &open, before)?;
            Ok((config, resources))
        });
        let (config, resources) = opened.await?;
        progress.begin("secrets of key rings".to_owned());
        open_secrets(&resources, &config).await?;
        pull_first(builder, &config, progress).await?;
        let ConfigFile { file, folder, locator, stamps } = config;
        let native = &builder.native;
        let loader = PluginLoader {
            folder: &folder,
            native,
            locator: &locator,
            namespaces: &file.namespace,
            progress,
            resources,
        };
        let LoadedPipeline { pipeline, drivers, repeats } = load_pipeline(&loader, &file).await?;
        #[cfg(any(feature = "gateway", feature = "temporal-sdk"))]
        let page_keys = cloakroom_temporal::PageKeys::new(loader.resources.rings.values().cloned());
        let Resources { host, cache, rings, buckets, service_rings, .. } = loader.resources;
        let inventory = Inventory::new(&file, &locator, &pipeline, drivers, buckets);
        let keys = key_facts(&file, |name| native.rings.contains_key(name));
        #[cfg(any(feature = "gateway", feature = "temporal-sdk"))]
        let namespaces = Arc::new(crate::config::policies(&file));
        Ok(Self {
            host,
            pipeline,
            repeats,
            inventory,
            #[cfg(feature = "temporal")]
            temporal: file.temporal,
            #[cfg(feature = "codec-server")]
            codec_server: (file.codec_server, folder.clone()),
            #[cfg(feature = "gateway")]
            gateway: (file.gateway, folder.clone()),
            #[cfg(any(feature = "gateway", feature = "temporal-sdk"))]
            namespaces,
            #[cfg(any(feature = "gateway", feature = "temporal-sdk"))]
            page_keys,
            cache,
            rings,
            service_rings,
            keys,
            stamps,
        })
    }
}

/// Has the secrets of rings unwrapped: proofs of claims are written and checked where nothing can wait.
async fn open_secrets(resources: &Resources, config: &ConfigFile) -> Result<(), Error> {
    for (name, ring) in &resources.service_rings {
        ring.open_secret().await.map_err(|error| {
            let place = config.locator.place_of(Table::Ring(name), &["secret"]);
            Error::new(error.kind(), format!("[keys.{name}]: {error}")).at_place(&place)
        })?;
    }
    Ok(())
}

/// Pulls what the configuration asks to have pulled, before anything is loaded.
#[cfg(feature = "registry")]
async fn pull_first(
    builder: &CloakroomBuilder,
    config: &ConfigFile,
    progress: &LoadProgress,
) -> Result<(), Error> {
    if config.file.plugins.pull {
        progress.begin("pulling plugins from their registries".to_owned());
        // Boxed: most configurations pull nothing, and need not carry the future.
        Box::pin(crate::pull::pull_missing(builder, config)).await?;
    }
    Ok(())
}

/// Refuses to pull: this build has no client.
#[cfg(not(feature = "registry"))]
async fn pull_first(
    _: &CloakroomBuilder,
    config: &ConfigFile,
    _: &LoadProgress,
) -> Result<(), Error> {
    if !config.file.plugins.pull {
        return Ok(());
    }
    let text = "`plugins.pull = true`, and this program was built without the feature `registry`: pull \
                with `cloakroom plugin pull`, and remove the key";
    Err(Error::new(cloakroom_core::ErrorKind::Config, text))
}
