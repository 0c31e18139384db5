//! A pipeline that may be swapped for another while it is used.

use crate::Pipeline;

/// Something that has a pipeline, which may be another one later: ask again for each batch.
pub trait Live: Send + Sync + 'static {
    /// The pipeline of now.
    fn pipeline(&self) -> Pipeline;
}

/// One that stays.
impl Live for Pipeline {
    fn pipeline(&self) -> Pipeline {
        self.clone()
    }
}

impl<T: Live + ?Sized> Live for Box<T> {
    fn pipeline(&self) -> Pipeline {
        (**self).pipeline()
    }
}
