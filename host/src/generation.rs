//! One configuration, loaded: what a hot swap puts in another's place.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use cloakroom_core::{ByteSize, Error, ErrorKind, KeyRing};
use cloakroom_pipeline::{Offload, Pipeline, PipelineError};
use cloakroom_plugin::{Grants, Host, Limits, Source};
use cloakroom_temporal::TemporalReferences;

use crate::{
    blocking::blocking,
    config::{
        self, Buckets, File, OpenBuckets, Places, PluginEntry, Required, Rings, StorageEntry, Table,
    },
    deadline::{self, Progress},
    inventory::{Drivers, Inventory},
    key_facts::{KeyFact, key_facts},
    opening::{CloakroomBuilder, Native},
    probe,
    reading::Reading,
    watch::FileStamps,
};

/// One configuration, loaded.
pub(crate) struct Generation {
    pub(crate) host: Host,
    pub(crate) pipeline: Pipeline,
    /// Whether what is encoded twice is the same twice.
    pub(crate) repeats: bool,
    /// What it is made of, for reports and checks.
    pub(crate) inventory: Inventory,
    /// What is Temporal's, for those who serve it, and the folder that paths are taken from.
    #[cfg(feature = "temporal")]
    pub(crate) temporal: config::TemporalEntry,
    #[cfg(feature = "codec-server")]
    pub(crate) codec_server: (config::CodecServerEntry, PathBuf),
    cache: Option<PathBuf>,
    pub(crate) keys: Vec<KeyFact>,
    /// The files that it was made from, as they were before they were read.
    pub(crate) marks: FileStamps,
}

/// What a generation is made from while it is made.
pub(crate) struct Parts<'a> {
    pub(crate) host: Host,
    pub(crate) folder: &'a Path,
    pub(crate) native: &'a Native,
    pub(crate) places: &'a Places,
    pub(crate) progress: &'a Progress,
    rings: Rings,
    buckets: Buckets,
}

/// Everything that a configuration names, except plugins.
struct Ground {
    reading: Reading,
    host: Host,
    cache: Option<PathBuf>,
    rings: Rings,
    buckets: Buckets,
}

impl Generation {
    /// Loads a configuration that was read, and tries its keys, until `limits.load` has passed
    /// since
    /// `began`. `before` is the one that it follows, from which it takes over what stays the same.
    ///
    /// Nothing changes until it returns: dropping the future ends the load and frees what it took.
    pub(crate) async fn load(
        opening: &CloakroomBuilder,
        reading: Reading,
        began: Instant,
        open: &Arc<OpenBuckets>,
        before: Option<&Self>,
    ) -> Result<Self, Error> {
        let limit = match &opening.host {
            Some(shared) => shared.limits().load,
            None => reading.file.plugin_limits().load,
        };
        let place = reading.places.name().to_owned();
        let progress = Progress::default();
        progress.begin("keys, secrets and buckets".to_owned());
        let load = Self::make(opening, reading, open, before, &progress);
        let loaded = deadline::within(limit, began, &progress, load).await;
        loaded.map_err(|error| error.at_place(&place))
    }

    async fn make(
        opening: &CloakroomBuilder,
        reading: Reading,
        open: &Arc<OpenBuckets>,
        before: Option<&Self>,
        progress: &Progress,
    ) -> Result<Self, Error> {
        let (this, open) = (opening.clone(), open.clone());
        let before = before.map(|before| (before.host.clone(), before.cache.clone()));
        let ground = blocking(move || Ground::lay(&this, reading, &open, before)).await?;
        let Ground { reading, host, cache, rings, buckets } = ground;
        let Reading { file, folder, places, marks } = reading;
        let native = &opening.native;
        let parts =
            Parts { host, folder: &folder, native, places: &places, progress, rings, buckets };
        let (pipeline, drivers, repeats) = parts.pipeline(&file).await?;
        let Parts { host, buckets, .. } = parts;
        let inventory = Inventory::of(&file, &places, &pipeline, drivers, buckets);
        let keys = key_facts(&file, |name| native.rings.contains_key(name));
        Ok(Self {
            host,
            pipeline,
            repeats,
            inventory,
            #[cfg(feature = "temporal")]
            temporal: file.temporal,
            #[cfg(feature = "codec-server")]
            codec_server: (file.codec_server, folder.clone()),
            cache,
            keys,
            marks,
        })
    }
}

impl Ground {
    /// Reads keys and secrets, opens buckets and makes the host. May block.
    fn lay(
        opening: &CloakroomBuilder,
        reading: Reading,
        open: &OpenBuckets,
        before: Option<(Host, Option<PathBuf>)>,
    ) -> Result<Self, Error> {
        let Reading { file, folder, places, .. } = &reading;
        let native = &opening.native;
        let names = file.keys.keys().chain(native.rings.keys());
        config::check(file, &names.map(String::as_str).collect::<Vec<_>>(), places)?;
        let mut rings = config::rings(file, folder, open.key_usage(), places)?;
        rings.extend(native.rings.iter().map(|(name, ring)| (name.clone(), ring.clone())));
        let buckets = config::buckets(file, folder, &native.buckets, open, places)?;
        let cache = file.cache.folder.as_ref().map(|path| folder.join(path));
        let cache = cache.or_else(|| opening.cache.clone());
        let host = match &opening.host {
            Some(shared) => {
                file.check_host(shared, cache.as_deref())?;
                shared.clone()
            }
            None => host(opening, file.plugin_limits(), cache.as_ref(), before)?,
        };
        Ok(Self { reading, host, cache, rings, buckets })
    }
}

/// The same host, if nothing of it changes: its engine, its clock and its instances stay.
fn host(
    opening: &CloakroomBuilder,
    limits: Limits,
    cache: Option<&PathBuf>,
    before: Option<(Host, Option<PathBuf>)>,
) -> Result<Host, Error> {
    if let Some((host, folder)) = before
        && *host.limits() == limits
        && folder.as_ref() == cache
    {
        return Ok(host);
    }
    opening.host_builder(limits, cache).build()
}

impl Parts<'_> {
    /// Loads and tries all stages, and loads all drivers.
    async fn pipeline(&self, file: &File) -> Result<(Pipeline, Drivers, bool), Error> {
        let limits = self.host.limits();
        let mut stages = Pipeline::builder().most_entries(limits.entries).wait(limits.wait);
        stages = stages.memory(self.host.memory().clone());
        stages = stages.reference_format(TemporalReferences).remedy_names(config::key);
        if let Some(payloads) = file.limits.payloads {
            stages = stages.most_payloads(payloads);
        }
        #[cfg(feature = "temporal")]
        {
            stages = stages.envelopes(cloakroom_temporal::SystemEnvelopes::shared());
        }
        let most = file.limits.payload.as_ref().map_or(ByteSize::mib(64), |size| size.0);
        if let Some(size) = &file.limits.payload {
            stages = stages.largest_payload(size.0);
        }
        for (index, entry) in file.stage.iter().enumerate() {
            let stage = self.stage(Table::Stage(index), entry.entry(), most).await?;
            stages = stages.stage(match entry.required {
                Required::No => stage,
                Required::Encode => stage.required_to_encode(),
                Required::Yes => stage.required(),
            });
        }
        let only_stages = stages.clone().build().map_err(|error| self.unbuilt(file, &error))?;
        self.progress.begin("trying all stages together".to_owned());
        let repeats = probe::stages(&only_stages, most).await?;
        let Some(storage) = &file.storage else {
            return Ok((only_stages, Drivers::new(), repeats));
        };
        let drivers = self.drivers(storage).await?;
        let built = stages.offload(self.offload(storage, &drivers)).build();
        let built = built.map_err(|error| self.unbuilt(file, &error))?;
        Ok((built, drivers, repeats))
    }

    /// Says where in the file parts contradict each other.
    fn unbuilt(&self, file: &File, error: &PipelineError) -> Error {
        let stage = |name: &str, key: &'static str| {
            let named = |stage: &config::StageEntry| stage.entry().called() == name;
            (file.stage.iter().position(named).map(Table::Stage), key)
        };
        let (table, key) = match error {
            PipelineError::CompressesSealed { compression, .. } => stage(compression, "plugin"),
            PipelineError::RequiredUnsealed(name) | PipelineError::RequiredKeyless(name) => {
                stage(name, "required")
            }
            PipelineError::NeverRead { .. } => (Some(Table::Storage), "threshold"),
            PipelineError::StoresUnsealed => (Some(Table::Storage), "sealed"),
            PipelineError::Cache(_) => (Some(Table::Storage), "cache"),
            _ => (None, ""),
        };
        let place = table
            .map_or_else(|| self.places.name().to_owned(), |table| self.places.at(table, &[key]));
        Error::new(ErrorKind::Config, config::unbuilt(error)).at_place(&place)
    }

    fn offload(&self, storage: &StorageEntry, drivers: &Drivers) -> Offload {
        let mut offload = storage.offload(|path| self.folder.join(path));
        let stores = storage.stores();
        for (name, driver) in drivers {
            offload = if stores == Some(&**name) {
                offload.to(name, driver.clone())
            } else {
                offload.from(name, driver.clone())
            };
        }
        let Some(claims) = &storage.claims else {
            return offload;
        };
        match claims.ring.as_ref().and_then(|ring| self.rings.get(ring)) {
            Some(ring) => claims.offload(offload, ring.clone()),
            None => offload,
        }
    }

    pub(crate) fn grants(&self, entry: PluginEntry<'_>) -> Grants {
        let asked = entry.grants;
        let ring = |name: &String| Some((name.clone(), self.rings.get(name)?.clone()));
        let rings = |names: &[String]| -> Vec<(String, Arc<dyn KeyRing>)> {
            names.iter().filter_map(ring).collect()
        };
        let mut grants = Grants::none();
        for (name, ring) in rings(&asked.keys) {
            grants = grants.keys(&name, ring);
        }
        for (name, ring) in rings(&asked.subkeys) {
            grants = grants.subkeys(&name, ring);
        }
        for (name, (bucket, access)) in
            asked.buckets.iter().filter_map(|name| Some((name, self.buckets.get(name)?)))
        {
            grants = grants.bucket(name, bucket.clone(), access.clone());
        }
        for address in &asked.tcp {
            grants = grants.tcp(*address);
        }
        if asked.log { grants.log() } else { grants }
    }
}

/// Where the plugin of an entry comes from. Paths are taken from `folder`.
pub(crate) fn source(folder: &Path, entry: PluginEntry<'_>) -> Result<Source, Error> {
    let mut source = match entry.place() {
        ("bundled", name) => crate::bundled::bundled(name)?,
        (_, path) => Source::file(folder.join(path)),
    };
    if let Some(digest) = entry.digest {
        source = source.pinned(digest.parse()?);
    }
    if let Some(name) = entry.name {
        source = source.named(name);
    }
    Ok(source)
}
