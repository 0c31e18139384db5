//! A whole pipeline from one file, and its swap for another while calls are in flight.

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use arc_swap::ArcSwap;
use cloakroom_core::{Context, Error, Payload};
use cloakroom_pipeline::{Pipeline, PipelineSource, Stage};
use cloakroom_plugin::Host;

use crate::{
    CloakroomBuilder, build_info::BuildInfo, config::OpenBuckets, generation::Generation,
    key_facts, reading::Reading, reload::Reloads, reload_metric,
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
    opening: Mutex<CloakroomBuilder>,
    buckets: Arc<OpenBuckets>,
    reloads: Reloads,
}

impl Cloakroom {
    /// Reads a configuration file, loads what it names, and tries each key once.
    ///
    /// Makes a [`Host`] for it. One takes some 775 GiB of address space with the default
    /// `limits.instances` of 64, which is not memory but counts against `ulimit -v`, and a thread; a
    /// process has room for some 160 of them. A program with more than a few pipelines has them share
    /// one: [`CloakroomBuilder::host`].
    ///
    /// # Errors
    /// `Config` with file, line and what to write instead, or whatever keeps a plugin from loading.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        CloakroomBuilder::file(path).open().await
    }

    pub(crate) async fn start(opening: CloakroomBuilder) -> Result<Self, Error> {
        let (began, buckets) = (Instant::now(), Arc::<OpenBuckets>::default());
        let reading = Reading::of(&opening, opening.load_limit()).await?;
        let current = Generation::load(&opening, reading, began, &buckets, None).await?;
        current.inventory.warn();
        announce(&opening, &current);
        let current = ArcSwap::from_pointee(current);
        let (opening, reloads) = (Mutex::new(opening), Reloads::default());
        Ok(Self(Arc::new(Shared { current, opening, buckets, reloads })))
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

    pub(crate) fn put(&self, next: Arc<Generation>, opening: CloakroomBuilder) {
        self.0.current.store(next);
        *self.0.opening.lock().unwrap_or_else(PoisonError::into_inner) = opening;
    }

    pub(crate) fn reloads(&self) -> &Reloads {
        &self.0.reloads
    }

    pub(crate) fn buckets(&self) -> &Arc<OpenBuckets> {
        &self.0.buckets
    }

    pub(crate) fn opening(&self) -> CloakroomBuilder {
        self.0.opening.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Logs and records what was opened: names, never settings.
fn announce(opening: &CloakroomBuilder, current: &Generation) {
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

impl PipelineSource for Cloakroom {
    fn current(&self) -> Pipeline {
        Self::pipeline(self)
    }
}

#[cfg(feature = "temporal")]
impl cloakroom_temporal::SizeLimitSource for Cloakroom {
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
