//! Source of an adapter's pipeline, which may be swapped while it is used.

use crate::Pipeline;

/// A source of the current pipeline. Adapters ask it once for each batch, so that a reload takes
/// effect with the next one.
pub trait PipelineSource: Send + Sync + 'static {
    /// Returns the current pipeline.
    #[must_use]
    fn current(&self) -> Pipeline;
}

/// A pipeline that is never swapped.
impl PipelineSource for Pipeline {
    fn current(&self) -> Pipeline {
        self.clone()
    }
}

impl<T: PipelineSource + ?Sized> PipelineSource for Box<T> {
    fn current(&self) -> Pipeline {
        (**self).current()
    }
}
