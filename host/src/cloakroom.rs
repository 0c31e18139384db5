//! A whole pipeline from one file, and its swap for another while calls are in flight.

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use cloakroom_core::{Context, Error, Payload};
use cloakroom_pipeline::{Live, Pipeline, Stage};
use cloakroom_plugin::Host;

use crate::{
    BuildInfo, Opening, config::OpenBuckets, generation::Generation, key_facts, reload_metric,
};

/// A pipeline as a configuration describes it. Cheap to clone; clones are the same.
///
/// ```no_run
/// # async fn f(ctx: cloakroom::Context, payloads: Vec<cloakroom::Payload>) -> Result<(), cloakroom::Error> {
/// let cloakroom = cloakroom::Cloakroom::open("cloakroom.toml").await?;
/// let stored = cloakroom.encode(&ctx, payloads.clone()).await?;
/// assert_eq!(cloakroom.decode(&ctx, stored).await?, payloads);
///
/// // The file changed, or was changed by somebody: calls in flight finish on what they began with.
/// cloakroom.reload().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Cloakroom(Arc<Shared>);

struct Shared {
    current: ArcSwap<Generation>,
    opening: Mutex<Opening>,
    buckets: OpenBuckets,
    /// Held while a configuration is loaded, so that of two the later one stays.
    loading: tokio::sync::Mutex<()>,
}

impl Cloakroom {
    /// Reads a configuration file, loads what it names, and tries each key once.
    ///
    /// Makes a [`Host`] for it. One takes some 775 GiB of address space with the default
    /// `limits.instances` of 64, which is not memory but counts against `ulimit -v`, and a thread; a
    /// process has room for some 160 of them. A program with more than a few pipelines has them share
    /// one: [`Opening::host`].
    ///
    /// # Errors
    /// `Config` with file, line and what to write instead, or whatever keeps a plugin from loading.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Opening::file(path).open().await
    }

    pub(crate) async fn start(opening: Opening) -> Result<Self, Error> {
        let buckets = OpenBuckets::default();
        let current = Generation::load(&opening, &buckets, None).await?;
        current.inventory.warn();
        announce(&opening, &current);
        let current = ArcSwap::from_pointee(current);
        let (opening, loading) = (Mutex::new(opening), tokio::sync::Mutex::default());
        Ok(Self(Arc::new(Shared { current, opening, buckets, loading })))
    }

    /// Encodes payloads: every stage, first to last; what is large then is stored elsewhere.
    ///
    /// # Errors
    /// If one cannot be encoded or stored; then none is.
    pub async fn encode(&self, ctx: &Context, batch: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        self.pipeline().encode(ctx, batch).await
    }

    /// Decodes payloads: what was stored elsewhere is fetched, then the stages that know a payload,
    /// last to first.
    ///
    /// # Errors
    /// If one cannot be fetched or decoded; then none is.
    pub async fn decode(&self, ctx: &Context, batch: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        self.pipeline().decode(ctx, batch).await
    }

    /// Reads the configuration again, loads and checks all of it by the side, and swaps it in. Calls
    /// in flight finish on the old one.
    ///
    /// # Errors
    /// As [`Cloakroom::open`]. Then the old configuration goes on serving.
    pub async fn reload(&self) -> Result<(), Error> {
        let opening = self.opening();
        self.replace(opening).await
    }

    /// Swaps in another configuration, as [`Cloakroom::reload`] does. A host that was shared at
    /// opening stays, unless `opening` brings another.
    ///
    /// # Errors
    /// As [`Cloakroom::open`]. Then the old configuration goes on serving.
    pub async fn replace(&self, opening: Opening) -> Result<(), Error> {
        let replaced = self.swap(opening).await;
        reload_metric::record_reload(replaced.is_ok());
        replaced
    }

    async fn swap(&self, mut opening: Opening) -> Result<(), Error> {
        let _one_at_a_time = self.0.loading.lock().await;
        opening.host = opening.host.or_else(|| self.opening().host);
        let before = self.0.current.load_full();
        let next = Generation::load(&opening, &self.0.buckets, Some(&before)).await?;
        next.inventory.warn();
        key_facts::record(&next.keys, &before.keys);
        self.0.current.store(Arc::new(next));
        *self.0.opening.lock().unwrap_or_else(PoisonError::into_inner) = opening;
        drop(before);
        self.0.buckets.tidy();
        Ok(())
    }

    /// The pipeline of now.
    pub fn pipeline(&self) -> Pipeline {
        self.0.current.load().pipeline.clone()
    }

    /// The host that its plugins run in.
    pub fn host(&self) -> Host {
        self.0.current.load().host.clone()
    }

    /// Whether what is encoded twice is the same twice. Then what is stored again is one object.
    pub fn repeats(&self) -> bool {
        self.0.current.load().repeats
    }

    pub(crate) fn current(&self) -> Arc<Generation> {
        self.0.current.load_full()
    }

    pub(crate) fn opening(&self) -> Opening {
        self.0.opening.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Logs and records what was opened: names, never settings.
fn announce(opening: &Opening, current: &Generation) {
    let built = BuildInfo::current();
    built.record();
    reload_metric::record_open();
    key_facts::record(&current.keys, &[]);
    let path = opening.text.path().map(|path| path.display().to_string());
    let stages: Vec<_> = current.pipeline.stages().iter().map(Stage::name).collect();
    let drivers: Vec<_> = current.pipeline.drivers().into_iter().map(|(name, _)| name).collect();
    tracing::info!(
        version = built.version,
        wasmtime = built.wasmtime,
        configuration = path,
        stages = stages.join(", "),
        drivers = drivers.join(", "),
        "opened the configuration"
    );
}

impl Live for Cloakroom {
    fn pipeline(&self) -> Pipeline {
        Self::pipeline(self)
    }
}

#[cfg(feature = "temporal")]
impl cloakroom_temporal::Limited for Cloakroom {
    fn size_limits(&self) -> cloakroom_temporal::SizeLimits {
        let said = &self.current().temporal;
        let size = |size: &Option<crate::config::Size>| size.as_ref().map(|size| size.0);
        cloakroom_temporal::SizeLimits::default().of(size(&said.field), size(&said.message))
    }
}

impl fmt::Debug for Cloakroom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = self.0.current.load();
        f.debug_struct("Cloakroom")
            .field("host", &current.host)
            .field("pipeline", &current.pipeline)
            .finish_non_exhaustive()
    }
}
