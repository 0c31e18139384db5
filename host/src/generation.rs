//! One configuration, loaded: what a hot swap puts in another's place.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use cloakroom_core::{Context, Driver, Error, ErrorKind, KeyRing, Payload, Purpose};
use cloakroom_pipeline::{Offload, Pipeline, Stage};
use cloakroom_plugin::{Grants, Host, Limits, Plugin, Reuse, Settings, Source};

use crate::{
    config::{self, Buckets, File, OpenBuckets, PluginEntry, ReuseWord, Rings, StorageEntry},
    key_facts::{KeyFact, key_facts},
    opening::{Native, Opening},
    watch::{Marks, mark},
};

/// One configuration, loaded.
pub(crate) struct Generation {
    pub(crate) host: Host,
    pub(crate) pipeline: Pipeline,
    /// Whether what is encoded twice is the same twice.
    pub(crate) repeats: bool,
    /// What is Temporal's, for those who serve it, and the folder that paths are taken from.
    #[cfg(feature = "temporal")]
    pub(crate) temporal: config::TemporalEntry,
    #[cfg(feature = "codec-server")]
    pub(crate) codec_server: (config::CodecServerEntry, PathBuf),
    cache: Option<PathBuf>,
    pub(crate) keys: Vec<KeyFact>,
    /// The files that it was made from, as they were before they were read.
    pub(crate) marks: Marks,
}

/// What a generation is made from while it is made.
struct Parts<'a> {
    host: Host,
    folder: &'a Path,
    native: &'a Native,
    rings: Rings,
    buckets: Buckets,
}

impl Generation {
    /// Loads a configuration and tries its keys. `before` is the one that it follows, from which it
    /// takes over what stays the same.
    pub(crate) async fn load(
        opening: &Opening,
        open: &OpenBuckets,
        before: Option<&Self>,
    ) -> Result<Self, Error> {
        let mut marks: Marks = opening.text.path().map(mark).into_iter().collect();
        let (place, folder, text) = opening.text.read()?;
        let file = config::parse(&text, &place)?;
        let native = &opening.native;
        marks.extend(file.files(&folder).iter().map(mark));
        let parts = async {
            let names = file.keys.keys().chain(native.rings.keys());
            config::check(&file, &names.map(String::as_str).collect::<Vec<_>>())?;
            let mut rings = config::rings(&file, &folder)?;
            rings.extend(native.rings.iter().map(|(name, ring)| (name.clone(), ring.clone())));
            let buckets = config::buckets(&file, &folder, &native.buckets, open)?;
            let cache = file.cache.folder.as_ref().map(|path| folder.join(path));
            let cache = cache.or_else(|| opening.cache.clone());
            let host = match &opening.host {
                Some(shared) => {
                    file.check_host(shared, cache.as_deref())?;
                    shared.clone()
                }
                None => host(file.plugin_limits(), cache.as_ref(), before)?,
            };
            Ok((Parts { host, folder: &folder, native, rings, buckets }, cache))
        };
        let (parts, cache) = parts.await.map_err(|error: Error| in_file(&place, &error))?;
        let (pipeline, repeats) = parts.pipeline(&place, &file).await?;
        let keys = key_facts(&file, |name| native.rings.contains_key(name));
        Ok(Self {
            host: parts.host,
            pipeline,
            repeats,
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

/// The same host, if nothing of it changes: its engine, its clock and its instances stay.
fn host(
    limits: Limits,
    cache: Option<&PathBuf>,
    before: Option<&Generation>,
) -> Result<Host, Error> {
    if let Some(before) = before
        && *before.host.limits() == limits
        && before.cache.as_ref() == cache
    {
        return Ok(before.host.clone());
    }
    let host = Host::builder().limits(limits);
    match cache {
        Some(folder) => host.cache(folder),
        None => host,
    }
    .build()
}

impl Parts<'_> {
    async fn pipeline(&self, place: &str, file: &File) -> Result<(Pipeline, bool), Error> {
        let in_place = |error: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Config, format!("{place}: {error}"))
        };
        let mut stages = Pipeline::builder();
        if let Some(size) = &file.limits.payload {
            stages = stages.largest_payload(size.0);
        }
        for entry in &file.stage {
            let stage = self.stage(entry.entry()).await?;
            stages = stages.stage(if entry.required { stage.required() } else { stage });
        }
        let only_stages = stages.clone().build().map_err(|error| in_place(&error))?;
        let built = match &file.storage {
            Some(storage) => stages.offload(self.offload(storage).await?).build(),
            None => Ok(only_stages.clone()),
        };
        let built = built.map_err(|error| in_place(&error))?;
        let repeats = try_keys(&only_stages).await?;
        Ok((built, repeats))
    }

    async fn stage(&self, entry: PluginEntry<'_>) -> Result<Stage, Error> {
        if let ("native", name) = entry.place() {
            let codec = self.native.codecs.get(name).ok_or_else(|| not_given("codec", name))?;
            return Ok(Stage::new(entry.name.unwrap_or(name), codec.clone()));
        }
        let plugin = self.load(entry).await?;
        let codec = plugin.codec(settings(entry), reuse(entry)).await?;
        Ok(Stage::new(plugin.name(), codec))
    }

    async fn offload(&self, storage: &StorageEntry) -> Result<Offload, Error> {
        let mut offload = storage.offload(|path| self.folder.join(path));
        let stores = storage.stores();
        for entry in &storage.driver {
            let driver = self.driver(entry.entry()).await?;
            offload = match stores == Some(&*entry.name) {
                true => offload.to(&entry.name, driver),
                false => offload.from(&entry.name, driver),
            };
        }
        let claims = storage.claims.as_ref();
        let policy = claims.and_then(|claims| claims.policy.claims());
        let ring = claims.and_then(|claims| self.rings.get(claims.ring.as_ref()?));
        Ok(match (policy, ring) {
            (Some(policy), Some(ring)) => offload.claims(ring.clone(), policy),
            _ => offload,
        })
    }

    async fn driver(&self, entry: PluginEntry<'_>) -> Result<Arc<dyn Driver>, Error> {
        if let ("native", name) = entry.place() {
            let driver = self.native.drivers.get(name);
            return driver.cloned().ok_or_else(|| not_given("driver", name));
        }
        let plugin = self.load(entry).await?;
        Ok(Arc::new(plugin.driver(settings(entry), reuse(entry)).await?))
    }

    async fn load(&self, entry: PluginEntry<'_>) -> Result<Plugin, Error> {
        self.host.load(source(self.folder, entry)?, self.grants(entry)).await
    }

    fn grants(&self, entry: PluginEntry<'_>) -> Grants {
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

fn settings(entry: PluginEntry<'_>) -> Settings {
    entry.settings.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect()
}

fn reuse(entry: PluginEntry<'_>) -> Reuse {
    match entry.reuse {
        ReuseWord::Fresh => Reuse::Fresh,
        ReuseWord::Warm => Reuse::Warm,
    }
}

fn not_given(what: &str, name: &str) -> Error {
    Error::new(ErrorKind::Config, format!("no {what} `{name}` was given in the program"))
}

pub(crate) fn in_file(place: &str, error: &Error) -> Error {
    let located = Error::new(error.kind(), format!("{place}: {error}"));
    match std::error::Error::source(error) {
        Some(cause) => located.because(cause.to_string()),
        None => located,
    }
}

/// Sends a payload of ours through the stages if one seals, so that a key ring that a plugin asks for
/// and was not granted is found now, and not at the first payload that matters. Tells whether it is
/// sealed the same way twice.
async fn try_keys(stages: &Pipeline) -> Result<bool, Error> {
    if !stages.stages().iter().any(|stage| stage.purpose() == Purpose::Encryption) {
        return Ok(true);
    }
    let probe = vec![Payload::new("json/plain", "\"cloakroom\"")];
    let ctx = Context::probe();
    let sealed = stages.encode(&ctx, probe.clone()).await?;
    let repeats = stages.encode(&ctx, probe.clone()).await? == sealed;
    match stages.decode(&ctx, sealed).await? == probe {
        true => Ok(repeats),
        false => {
            Err(Error::new(ErrorKind::Protocol, "the pipeline does not decode to what it encoded"))
        }
    }
}
