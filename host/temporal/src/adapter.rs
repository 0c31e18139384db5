//! Adapter between Temporal's fields and a pipeline.

use std::{fmt, sync::Arc};

use cloakroom_core::{Context, Direction, Error, Payload};
use cloakroom_pipeline::{Envelopes, Pipeline, PipelineSource, SizeLabels, SizeMeter, Verdict};

use crate::{
    envelopes::SystemEnvelopes,
    limits::{SizeLimitSource, field_size},
    metric, too_large,
};

/// Pipeline that refuses fields which Temporal would not accept.
///
/// Workers, the codec server and a gateway use it alike: each passes the [`Context`] it knows.
/// Clones share one state.
#[derive(Clone)]
pub struct Adapter {
    shared: Arc<Shared>,
    is_quiet: bool,
}

struct Shared {
    source: Box<dyn PipelineSource>,
    limits: Box<dyn SizeLimitSource>,
    meter: SizeMeter,
    envelopes: Arc<dyn Envelopes>,
}

impl Adapter {
    /// Creates an adapter for this pipeline and these limits. Failures are logged at WARN.
    #[must_use]
    pub fn new(source: impl PipelineSource, limits: impl SizeLimitSource) -> Self {
        let (source, limits) = (Box::new(source), Box::new(limits));
        let (meter, envelopes) = (SizeMeter::new(metric::SIZES), SystemEnvelopes::shared());
        Self { shared: Arc::new(Shared { source, limits, meter, envelopes }), is_quiet: false }
    }

    /// Returns the adapter with failures logged at DEBUG, for a caller that logs them itself.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.is_quiet = true;
        self
    }

    /// Returns the current pipeline, which opens Temporal's system envelopes.
    #[must_use]
    pub fn pipeline(&self) -> Pipeline {
        let pipeline = self.shared.source.current().with_envelopes(self.shared.envelopes.clone());
        if self.is_quiet { pipeline.quiet() } else { pipeline }
    }

    /// Returns the current size limits.
    #[cfg(any(feature = "gateway", feature = "sdk"))]
    pub(crate) fn size_limits(&self) -> crate::limits::SizeLimits {
        self.shared.limits.size_limits()
    }

    /// Encodes the payloads of one field: the arguments of a call, or a result.
    ///
    /// # Errors
    /// Those of [`Pipeline::encode`]. `LimitExceeded(Message)` if the encoded field is larger than
    /// Temporal accepts.
    pub async fn encode(&self, ctx: &Context, field: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        if field.is_empty() {
            return Ok(field);
        }
        let pipeline = self.pipeline();
        let encoded = pipeline.encode(ctx, field).await?;
        // Measured after all stages, because the server limits what it receives.
        let limits = self.shared.limits.size_limits();
        let (budget, size) = (limits.budget(), field_size(&encoded));
        match self.shared.meter.weigh(budget, size, SizeLabels::from_context(ctx)) {
            Verdict::Fits => Ok(encoded),
            Verdict::Stall => {
                // This decodes the payload once more to learn the size after each stage. Only a
                // refusal pays for it.
                let error = too_large::error(&pipeline, ctx, encoded, size, &limits).await;
                Err(pipeline.report_failure(ctx, Direction::Encode, error))
            }
        }
    }

    /// Decodes the payloads of one field.
    ///
    /// # Errors
    /// Those of [`Pipeline::decode`].
    pub async fn decode(&self, ctx: &Context, field: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        if field.is_empty() {
            return Ok(field);
        }
        self.pipeline().decode(ctx, field).await
    }
}

impl fmt::Debug for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adapter")
            .field("limits", &self.shared.limits.size_limits())
            .finish_non_exhaustive()
    }
}
