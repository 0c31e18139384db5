//! Builds the pipeline of a configuration from its loaded plugins.

use cloakroom_core::{ByteSize, Error};
use cloakroom_pipeline::{Offload, Pipeline, PipelineBuilder};
use cloakroom_temporal::TemporalReferences;

use crate::{
    advice::at_table,
    config::{self, File, Required, StageEntry, StorageEntry, Table, setting_name},
    inventory::Drivers,
    plugin_loader::PluginLoader,
    probe,
};

/// Largest payload unless `limits.payload` is set.
const LARGEST_PAYLOAD: ByteSize = ByteSize::mib(64);

/// A pipeline, and facts about it.
pub(crate) struct LoadedPipeline {
    pub(crate) pipeline: Pipeline,
    pub(crate) drivers: Drivers,
    /// True if the same payload is encoded to the same bytes twice.
    pub(crate) repeats: bool,
}

/// Loads and tries all stages, then loads all drivers.
///
/// The stages are tried alone and together before any driver is loaded: a probe must not be stored.
pub(crate) async fn load_pipeline(
    loader: &PluginLoader<'_>,
    file: &File,
) -> Result<LoadedPipeline, Error> {
    let most = file.limits.payload.as_ref().map_or(LARGEST_PAYLOAD, |size| size.0);
    let mut stages = builder(loader, file).with_max_payload_size(most);
    for (index, entry) in file.stage.iter().enumerate() {
        let stage = loader.stage(Table::Stage(index), entry.entry(), most).await?;
        stages = stages.with_stage(match entry.required {
            Required::No => stage,
            Required::Encode => stage.required_to_encode(),
            Required::Yes => stage.required(),
        });
    }
    check_order_of_buckets(loader, file)?;
    let build = |builder: PipelineBuilder| {
        builder.build().map_err(|error| at_table(file, loader.locator, &error))
    };
    let only_stages = build(stages.clone())?;
    loader.progress.begin("trying all stages together".to_owned());
    let repeats = probe::try_pipeline(&only_stages, most).await?;
    let Some(storage) = &file.storage else {
        return Ok(LoadedPipeline { pipeline: only_stages, drivers: Drivers::new(), repeats });
    };
    let drivers = loader.drivers(storage).await?;
    let pipeline = build(stages.with_offload(offload(loader, file, storage, &drivers)))?;
    Ok(LoadedPipeline { pipeline, drivers, repeats })
}

/// Refuses a stage that could write plaintext into a bucket or a service, if what is stored must be
/// encrypted: a codec with either has to come after the stage that encrypts.
fn check_order_of_buckets(loader: &PluginLoader<'_>, file: &File) -> Result<(), Error> {
    if !file.storage.as_ref().is_some_and(|storage| storage.sealed) {
        return Ok(());
    }
    // Only stages that encrypt may be required, and the pipeline's builder has refused others.
    let encrypts = |entry: &StageEntry| entry.required != Required::No;
    let stages = file.stage.iter().enumerate().take_while(|(_, entry)| !encrypts(entry));
    let granted = |entry: &StageEntry| {
        let grants = &entry.grants;
        let all =
            [("buckets", !grants.buckets.is_empty()), ("services", !grants.services.is_empty())];
        all.into_iter().find_map(|(key, is_granted)| is_granted.then_some(key))
    };
    match stages.into_iter().find_map(|(index, entry)| Some((index, entry, granted(entry)?))) {
        Some((index, entry, key)) => {
            let text = format!(
                "stage `{}` may write into {key} before a required stage has encrypted, and \
                 `storage.sealed` allows no plaintext in a store: put it behind that stage",
                entry.entry().stage_name()
            );
            loader.locator.refuse(Table::Stage(index), &["grants", key], text)
        }
        None => Ok(()),
    }
}

/// Returns a builder with the limits of the host and of the file.
fn builder(loader: &PluginLoader<'_>, file: &File) -> PipelineBuilder {
    let host = &loader.resources.host;
    let limits = host.limits();
    let mut builder = Pipeline::builder()
        .with_max_entries(limits.entries)
        .with_memory_wait(limits.wait)
        .with_memory_budget(host.memory().clone())
        // Also without [storage]: a reference is then refused with the code that users search for.
        .with_reference_format(TemporalReferences)
        .with_remedy_names(setting_name);
    if let Some(payloads) = file.limits.payloads {
        builder = builder.with_max_payloads(payloads);
    }
    for (name, rules) in config::rules(file) {
        builder = builder.with_namespace(name, rules);
    }
    #[cfg(feature = "temporal")]
    {
        builder = builder.with_envelopes(cloakroom_temporal::SystemEnvelopes::shared());
    }
    builder
}

fn offload(
    loader: &PluginLoader<'_>,
    file: &File,
    storage: &StorageEntry,
    drivers: &Drivers,
) -> Offload {
    let mut offload = storage.offload(|path| loader.folder.join(path));
    for (name, entry) in &file.namespace {
        if let Some(own) = entry.storage.storage() {
            offload = offload.with_namespace(name, own);
        }
    }
    let stores = storage.stores();
    for (name, driver) in drivers {
        offload = if stores == Some(&**name) {
            offload.with_driver(name, driver.clone())
        } else {
            offload.with_read_driver(name, driver.clone())
        };
    }
    let Some(claims) = &storage.claims else {
        return offload;
    };
    match claims.ring.as_ref().and_then(|ring| loader.resources.rings.get(ring)) {
        Some(ring) => claims.offload(offload, ring.clone()),
        None => offload,
    }
}
