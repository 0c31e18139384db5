//! A pipeline in the making, and what it refuses to become.

use std::{num::NonZeroUsize, sync::Arc};

use cloakroom_core::{ByteSize, Purpose};
use tokio::sync::Semaphore;

use crate::{Pipeline, Stage};

/// Payloads in work at once, over all calls.
const PERMITS: usize = 64;

/// A payload that goes in, or comes out, has at most so many bytes.
const PAYLOAD: ByteSize = ByteSize::mib(64);

/// A pipeline in the making.
#[derive(Debug)]
pub struct PipelineBuilder {
    stages: Vec<Stage>,
    permits: usize,
    payload: ByteSize,
}

/// Why stages make no pipeline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// Compression behind encryption.
    #[error(
        "stage `{compression}` compresses what stage `{encryption}` has encrypted, \
         and sealed bytes do not get smaller: put `{compression}` first"
    )]
    CompressesSealed {
        /// The stage that encrypts.
        encryption: String,
        /// The stage that compresses.
        compression: String,
    },
    /// `required` where nothing is sealed.
    #[error("stage `{0}` is required and does not encrypt: `required` is for stages that do")]
    RequiredUnsealed(String),
}

impl Default for PipelineBuilder {
    fn default() -> Self {
        Self { stages: Vec::new(), permits: PERMITS, payload: PAYLOAD }
    }
}

impl PipelineBuilder {
    /// Adds a stage: encoding runs them in the order they were added, decoding backwards.
    pub fn stage(mut self, stage: Stage) -> Self {
        self.stages.push(stage);
        self
    }

    /// How many payloads are in work at once, over all calls.
    pub fn permits(mut self, permits: NonZeroUsize) -> Self {
        self.permits = permits.get().min(Semaphore::MAX_PERMITS);
        self
    }

    /// How many bytes one payload may have, going in or coming out.
    pub fn largest_payload(mut self, size: ByteSize) -> Self {
        self.payload = size;
        self
    }

    /// The pipeline.
    ///
    /// # Errors
    /// If the stages contradict each other.
    pub fn build(self) -> Result<Pipeline, PipelineError> {
        let unsealed =
            |stage: &&Stage| stage.is_required() && stage.purpose() != Purpose::Encryption;
        if let Some(stage) = self.stages.iter().find(unsealed) {
            return Err(PipelineError::RequiredUnsealed(stage.name().to_owned()));
        }
        let mut encryption = None;
        for stage in &self.stages {
            match (stage.purpose(), encryption) {
                (Purpose::Encryption, _) => encryption = Some(stage.name()),
                (Purpose::Compression, Some(encryption)) => {
                    return Err(PipelineError::CompressesSealed {
                        encryption: encryption.to_owned(),
                        compression: stage.name().to_owned(),
                    });
                }
                _ => {}
            }
        }
        let permits = Arc::new(Semaphore::new(self.permits));
        Ok(Pipeline { stages: self.stages.into(), permits, payload: self.payload })
    }
}
