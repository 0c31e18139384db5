//! A whole pipeline from one file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use cloakroom_core::{Context, Error, ErrorKind, Payload, Purpose};
use cloakroom_pipeline::{Pipeline, Stage};
use cloakroom_plugin::{Grants, Host, Reuse, Settings, Source};

use crate::config::{self, ReuseWord, StageEntry};

/// A pipeline as a configuration describes it. Cheap to clone.
///
/// ```no_run
/// # async fn f(ctx: cloakroom::Context, payloads: Vec<cloakroom::Payload>) -> Result<(), cloakroom::Error> {
/// let cloakroom = cloakroom::Cloakroom::open("cloakroom.toml").await?;
/// let stored = cloakroom.encode(&ctx, payloads.clone()).await?;
/// assert_eq!(cloakroom.decode(&ctx, stored).await?, payloads);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Cloakroom {
    host: Host,
    pipeline: Pipeline,
}

/// A configuration about to be opened.
#[derive(Clone, Debug)]
pub struct Opening {
    text: Text,
    cache: Option<PathBuf>,
}

#[derive(Clone, Debug)]
enum Text {
    File(PathBuf),
    Given(String),
}

impl Cloakroom {
    /// Reads a configuration file, loads what it names, and tries each key once.
    ///
    /// # Errors
    /// `Config` with file, line and what to write instead, or whatever keeps a plugin from loading.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Opening::file(path).open().await
    }

    /// Encodes payloads: every stage, first to last.
    ///
    /// # Errors
    /// If one cannot be encoded; then none is.
    pub async fn encode(&self, ctx: &Context, batch: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        self.pipeline.encode(ctx, batch).await
    }

    /// Decodes payloads: the stages that know them, last to first.
    ///
    /// # Errors
    /// If one cannot be decoded; then none is.
    pub async fn decode(&self, ctx: &Context, batch: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        self.pipeline.decode(ctx, batch).await
    }

    /// The pipeline.
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// The host that its plugins run in.
    pub fn host(&self) -> &Host {
        &self.host
    }
}

impl Opening {
    /// A configuration file. Paths in it are taken from its folder.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self { text: Text::File(path.as_ref().to_owned()), cache: None }
    }

    /// A configuration at hand. Paths in it are taken from the working folder.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Text::Given(text.into()), cache: None }
    }

    /// Keeps compiled plugins in this folder, unless the configuration names another.
    pub fn cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// Opens it.
    ///
    /// # Errors
    /// As [`Cloakroom::open`].
    pub async fn open(self) -> Result<Cloakroom, Error> {
        let (place, folder, text) = self.text.read()?;
        let file = config::parse(&text, &place)?;
        config::check(&file).map_err(|error| in_file(&place, &error))?;
        let rings = config::rings(&file, &folder).map_err(|error| in_file(&place, &error))?;
        let mut host = Host::builder().limits(file.limits.plugin());
        if let Some(cache) = file.cache.folder.as_ref().map(|path| folder.join(path)).or(self.cache)
        {
            host = host.cache(cache);
        }
        let host = host.build()?;
        let mut pipeline = Pipeline::builder();
        if let Some(size) = &file.limits.payload {
            pipeline = pipeline.largest_payload(size.0);
        }
        for entry in &file.stage {
            pipeline = pipeline.stage(load(&host, entry, &folder, &rings).await?);
        }
        let built = pipeline.build();
        let pipeline =
            built.map_err(|error| Error::new(ErrorKind::Config, format!("{place}: {error}")))?;
        try_keys(&pipeline).await?;
        Ok(Cloakroom { host, pipeline })
    }
}

impl Text {
    /// What it is called, where its paths start, and its text.
    fn read(&self) -> Result<(String, PathBuf, String), Error> {
        let path = match self {
            Self::Given(text) => {
                return Ok(("configuration".to_owned(), PathBuf::new(), text.clone()));
            }
            Self::File(path) => path,
        };
        let text = fs::read_to_string(path).map_err(|error| {
            Error::new(ErrorKind::Config, format!("cannot read `{}`", path.display()))
                .because(error)
        })?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok((path.display().to_string(), folder, text))
    }
}

fn in_file(place: &str, error: &Error) -> Error {
    let located = Error::new(error.kind(), format!("{place}: {error}"));
    match std::error::Error::source(error) {
        Some(cause) => located.because(cause.to_string()),
        None => located,
    }
}

async fn load(
    host: &Host,
    entry: &StageEntry,
    folder: &Path,
    rings: &config::Rings,
) -> Result<Stage, Error> {
    let mut grants = Grants::none();
    for (name, ring) in entry.grants.keys.iter().filter_map(|name| rings.get_key_value(name)) {
        grants = grants.keys(name, ring.clone());
    }
    for (name, ring) in entry.grants.subkeys.iter().filter_map(|name| rings.get_key_value(name)) {
        grants = grants.subkeys(name, ring.clone());
    }
    for address in &entry.grants.tcp {
        grants = grants.tcp(*address);
    }
    if entry.grants.log {
        grants = grants.log();
    }
    let settings: Settings =
        entry.settings.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect();
    let reuse = match entry.reuse {
        ReuseWord::Fresh => Reuse::Fresh,
        ReuseWord::Warm => Reuse::Warm,
    };
    let plugin = host.load(source(entry, folder)?, grants).await?;
    let stage = Stage::new(plugin.name(), plugin.codec(settings, reuse).await?);
    Ok(if entry.required { stage.required() } else { stage })
}

fn source(entry: &StageEntry, folder: &Path) -> Result<Source, Error> {
    let mut source = match entry.plugin.split_once(':') {
        Some(("bundled", name)) => crate::bundled::bundled(name)?,
        Some((_, path)) => Source::file(folder.join(path)),
        None => Source::file(folder.join(&entry.plugin)),
    };
    if let Some(digest) = &entry.digest {
        source = source.pinned(digest.parse()?);
    }
    if let Some(name) = &entry.name {
        source = source.named(name);
    }
    Ok(source)
}

/// Sends a payload of ours through the pipeline if it seals, so that a key ring that a plugin asks
/// for and was not granted is found now, and not at the first payload that matters.
async fn try_keys(pipeline: &Pipeline) -> Result<(), Error> {
    if !pipeline.stages().iter().any(|stage| stage.purpose() == Purpose::Encryption) {
        return Ok(());
    }
    let probe = vec![Payload::new("json/plain", "\"cloakroom\"")];
    let sealed = pipeline.encode(&Context::none(), probe.clone()).await?;
    match pipeline.decode(&Context::none(), sealed).await? == probe {
        true => Ok(()),
        false => {
            Err(Error::new(ErrorKind::Protocol, "the pipeline does not decode to what it encoded"))
        }
    }
}
