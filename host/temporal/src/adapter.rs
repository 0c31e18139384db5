//! Between Temporal and a pipeline, whoever speaks: a worker, a codec server, a gateway.

use std::{fmt, sync::Arc};

use cloakroom_core::{Context, Direction, Error, Payload};
use cloakroom_pipeline::{Envelopes, Pipeline, PipelineSource, SizeLabels, SizeMeter, Verdict};

use crate::{SizeLimitSource, SystemEnvelopes, limits, metric};

/// A pipeline for Temporal: what it encodes is what Temporal takes, or is refused with the reason.
/// Cheap to clone.
///
/// It knows nothing of where payloads come from. A hook that knows more of them passes a fuller
/// [`Context`].
#[derive(Clone)]
pub struct Adapter(Arc<Shared>);

struct Shared {
    source: Box<dyn PipelineSource>,
    limits: Box<dyn SizeLimitSource>,
    scale: SizeMeter,
    envelopes: Arc<dyn Envelopes>,
    quiet: bool,
}

impl Adapter {
    /// Of this pipeline, within these limits.
    pub fn new(source: impl PipelineSource, limits: impl SizeLimitSource) -> Self {
        Self::build(source, limits, false)
    }

    /// The same for a caller that logs each failure itself: pipelines are [`Pipeline::quiet`].
    pub fn quiet(source: impl PipelineSource, limits: impl SizeLimitSource) -> Self {
        Self::build(source, limits, true)
    }

    fn build(source: impl PipelineSource, limits: impl SizeLimitSource, quiet: bool) -> Self {
        let (source, limits) = (Box::new(source), Box::new(limits));
        let (scale, envelopes) = (SizeMeter::new(metric::SIZES), SystemEnvelopes::shared());
        Self(Arc::new(Shared { source, limits, scale, envelopes, quiet }))
    }

    /// Returns the current pipeline. It opens Temporal's envelopes.
    pub fn pipeline(&self) -> Pipeline {
        let pipeline = self.0.source.current().with_envelopes(self.0.envelopes.clone());
        if self.0.quiet { pipeline.quiet() } else { pipeline }
    }

    /// Encodes the payloads of one field.
    ///
    /// # Errors
    /// If one cannot be encoded, or all together are more than Temporal takes.
    pub async fn encode(&self, ctx: &Context, field: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        if field.is_empty() {
            return Ok(field);
        }
        let pipeline = self.pipeline();
        let encoded = pipeline.encode(ctx, field).await?;
        let (budget, weight) = (self.0.limits.size_limits().budget(), limits::weight(&encoded));
        match (self.0.scale.weigh(budget, weight, SizeLabels::of(ctx)), budget.most()) {
            (Verdict::Stall, Some(most)) => {
                let refused = limits::refusal(&pipeline, ctx, encoded, weight, most).await;
                Err(pipeline.report_failure(ctx, Direction::Encode, refused))
            }
            _ => Ok(encoded),
        }
    }

    /// Decodes the payloads of one field.
    ///
    /// # Errors
    /// If one cannot be fetched or decoded.
    pub async fn decode(&self, ctx: &Context, field: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        match field.is_empty() {
            true => Ok(field),
            false => self.pipeline().decode(ctx, field).await,
        }
    }
}

impl fmt::Debug for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adapter")
            .field("limits", &self.0.limits.size_limits())
            .finish_non_exhaustive()
    }
}
