//! A pipeline as a configuration describes it, replaced as a whole while calls are in flight.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use cloakroom_core::{Context, Error, Payload};
use cloakroom_keys::DataKeys;
use cloakroom_pipeline::{Pipeline, PipelineSource};
use cloakroom_plugin::Host;

use crate::{
    builder::CloakroomBuilder, config::OpenBuckets, loaded_config::LoadedConfig,
    reload_order::ReloadOrder, report::Report,
};

/// A pipeline as a configuration describes it. Cheap to clone; clones are the same.
///
/// ```no_run
/// # async fn f(ctx: cloakroom::Context, payloads: Vec<cloakroom::Payload>) -> Result<(), cloakroom::Error> {
/// let cloakroom = cloakroom::Cloakroom::open("cloakroom.toml").await?;
/// let stored = cloakroom.encode(&ctx, payloads.clone()).await?;
/// assert_eq!(cloakroom.decode(&ctx, stored).await?, payloads);
///
/// // The file was changed. Calls in flight finish on the configuration they began with.
/// cloakroom.reload().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Cloakroom(Arc<Shared>);

struct Shared {
    current: ArcSwap<LoadedConfig>,
    /// Builder of the current configuration, which a reload reads again.
    builder: Mutex<CloakroomBuilder>,
    buckets: Arc<OpenBuckets>,
    order: ReloadOrder,
}

impl Cloakroom {
    pub(crate) fn new(
        current: LoadedConfig,
        builder: CloakroomBuilder,
        buckets: Arc<OpenBuckets>,
    ) -> Self {
        let (current, builder) = (ArcSwap::from_pointee(current), Mutex::new(builder));
        Self(Arc::new(Shared { current, builder, buckets, order: ReloadOrder::default() }))
    }

    /// Encodes payloads by every stage, first to last, and stores those that are large then. The namespace
    /// of the context decides about mode, ring and storage, as its table in the configuration says.
    ///
    /// Dropping the future ends the call: its payloads are given up and their memory is freed. An
    /// object that was stored by then stays in its bucket until it expires; no reference names it.
    ///
    /// # Errors
    /// As [`Pipeline::encode`]. If one payload fails, none is encoded.
    pub async fn encode(&self, ctx: &Context, batch: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        self.pipeline().encode(ctx, batch).await
    }

    /// Reads back what was stored elsewhere, and decodes payloads by the stages that know them, last to
    /// first. What other namespaces share with that of the context is decoded too.
    ///
    /// Dropping the future ends the call and changes nothing.
    ///
    /// # Errors
    /// As [`Pipeline::decode`]. If one payload fails, none is decoded.
    pub async fn decode(&self, ctx: &Context, batch: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        self.pipeline().decode(ctx, batch).await
    }

    /// Returns the current pipeline. It stays as it is if the configuration is replaced.
    #[must_use]
    pub fn pipeline(&self) -> Pipeline {
        self.0.current.load().pipeline.clone()
    }

    /// Returns the host that the current plugins run in.
    #[must_use]
    pub fn host(&self) -> Host {
        self.0.current.load().host.clone()
    }

    /// Returns whether the same payload is encoded to the same bytes twice. Then storing it again
    /// leaves one object.
    #[must_use]
    pub fn repeats(&self) -> bool {
        self.0.current.load().repeats
    }

    /// Returns the parts of the current configuration, and warnings about it.
    #[must_use]
    pub fn report(&self) -> Report {
        self.0.current.load().inventory.report.clone()
    }

    /// Returns the rings over key services of the current configuration, by name.
    #[must_use]
    pub fn key_services(&self) -> Vec<(String, DataKeys)> {
        let rings = &self.0.current.load().service_rings;
        rings.iter().map(|(name, ring)| (name.clone(), ring.clone())).collect()
    }

    pub(crate) fn current(&self) -> Arc<LoadedConfig> {
        self.0.current.load_full()
    }

    /// Replaces the configuration. Calls that have cloned the old pipeline finish on it.
    pub(crate) fn set_current(&self, next: Arc<LoadedConfig>, builder: CloakroomBuilder) {
        self.0.current.store(next);
        *self.0.builder.lock().unwrap_or_else(PoisonError::into_inner) = builder;
    }

    pub(crate) fn reload_order(&self) -> &ReloadOrder {
        &self.0.order
    }

    pub(crate) fn buckets(&self) -> &Arc<OpenBuckets> {
        &self.0.buckets
    }

    pub(crate) fn builder(&self) -> CloakroomBuilder {
        self.0.builder.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl PipelineSource for Cloakroom {
    fn current(&self) -> Pipeline {
        self.pipeline()
    }
}

#[cfg(feature = "temporal")]
impl cloakroom_temporal::SizeLimitSource for Cloakroom {
    fn size_limits(&self) -> cloakroom_temporal::SizeLimits {
        self.current().temporal.size_limits()
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
