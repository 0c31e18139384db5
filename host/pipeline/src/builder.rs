//! A pipeline in the making, and what it refuses to become.

use std::{fmt, num::NonZeroUsize, sync::Arc, time::Duration};

use cloakroom_core::{ByteSize, ENTRIES, Error, ErrorKind, MemoryBudget, Purpose};

use crate::{Envelopes, Offload, Pipeline, Stage, stage::CODEC_TIME};

/// Payloads of one call in work at once.
const PERMITS: usize = 64;

/// A payload that goes in, or comes out, has at most so many bytes.
const PAYLOAD: ByteSize = ByteSize::mib(64);

/// Payloads that one call may have.
const PAYLOADS: usize = 16_384;

/// Memory that one call may hold, and all calls, of a pipeline without a host.
const MEMORY: [ByteSize; 2] = [ByteSize::mib(1024), ByteSize::mib(2048)];

/// How long a call waits for memory before it begins.
const WAIT: Duration = Duration::from_secs(120);

/// A pipeline in the making.
#[derive(Clone)]
pub struct PipelineBuilder {
    stages: Vec<Stage>,
    permits: usize,
    payload: ByteSize,
    payloads: usize,
    memory: Option<MemoryBudget>,
    wait: Duration,
    entries: usize,
    codec_time: Duration,
    offload: Option<Offload>,
    envelopes: Option<Arc<dyn Envelopes>>,
}

/// Why parts make no pipeline.
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
    /// The folder for stored objects cannot be used.
    #[error("{0}")]
    Cache(String),
    /// A driver without a name, or with another's.
    #[error("a driver is called `{0}`: each needs a name of its own")]
    DriverName(String),
    /// Storage without a driver.
    #[error(
        "the storage has no driver, so nothing could be stored or read: add one with `Offload::to`, \
         or `Offload::from` if it only reads"
    )]
    NoDriver,
    /// `required` where nothing is sealed.
    #[error("stage `{0}` is required and does not encrypt: `required` is for stages that do")]
    RequiredUnsealed(String),
    /// `required` for a plugin that has no key, and so seals with nothing or with what anybody has.
    #[error(
        "stage `{0}` is required, and its plugin has no key to seal with: it must import `keys` or \
         `subkeys`, and be granted a key ring"
    )]
    RequiredKeyless(String),
    /// A threshold above the largest object: whatever is stored could never be read back.
    #[error(
        "payloads are stored from {threshold} on (`threshold`), and objects above {largest} are not \
         read back (`largest`): raise `largest`, or lower `threshold`"
    )]
    NeverRead {
        /// From which size on payloads are stored.
        threshold: ByteSize,
        /// How large an object may be that is read back.
        largest: ByteSize,
    },
    /// Storage that must be sealed behind stages of which none must seal.
    #[error(
        "what is stored must be sealed, and no stage is required to: \
         mark the one that encrypts as `required`"
    )]
    StoresUnsealed,
    /// A rule, or `store_with`, names a driver that is not there.
    #[error("there is no driver `{0}` to store with")]
    UnknownDriver(String),
}

/// A pipeline that cannot be built is an error of its parts: `Config`.
impl From<PipelineError> for Error {
    fn from(error: PipelineError) -> Self {
        Self::new(ErrorKind::Config, error.to_string())
    }
}

impl Default for PipelineBuilder {
    fn default() -> Self {
        Self {
            stages: Vec::new(),
            permits: PERMITS,
            payload: PAYLOAD,
            payloads: PAYLOADS,
            memory: None,
            wait: WAIT,
            entries: ENTRIES,
            codec_time: CODEC_TIME,
            offload: None,
            envelopes: None,
        }
    }
}

impl PipelineBuilder {
    /// Adds a stage: encoding runs them in the order they were added, decoding backwards.
    pub fn stage(mut self, stage: Stage) -> Self {
        self.stages.push(stage);
        self
    }

    /// Stores large payloads elsewhere, after all stages.
    pub fn offload(mut self, offload: Offload) -> Self {
        self.offload = Some(offload);
        self
    }

    /// Opens these envelopes of a workflow engine, and encodes and decodes the payloads in them. One
    /// that is marked and cannot be opened is refused if a stage is required, and passes if none is.
    /// Without this, envelopes are payloads like any other.
    pub fn envelopes(mut self, envelopes: Arc<dyn Envelopes>) -> Self {
        self.envelopes = Some(envelopes);
        self
    }

    /// Sets how many payloads of one call are in work at once, 64 unless set. How many compute at once
    /// is decided by the host of the plugins.
    pub fn permits(mut self, permits: NonZeroUsize) -> Self {
        self.permits = permits.get();
        self
    }

    /// How many bytes one payload may have, going in or coming out.
    pub fn largest_payload(mut self, size: ByteSize) -> Self {
        self.payload = size;
        self
    }

    /// Sets how many payloads one call may have, 16,384 unless set (`limits.payloads`). A larger batch
    /// is refused before anything is done.
    pub fn most_payloads(mut self, payloads: NonZeroUsize) -> Self {
        self.payloads = payloads.get();
        self
    }

    /// Counts the memory of calls by this budget, such as `Host::memory`, which other pipelines may
    /// share. A pipeline has one of its own unless set: 1 GiB for a call and 2 GiB for all.
    ///
    /// Counted is what the pipeline makes for a call: outputs of codecs, fetched objects, and copies
    /// of metadata. What the caller passes in is the caller's, and not counted.
    pub fn memory(mut self, budget: MemoryBudget) -> Self {
        self.memory = Some(budget);
        self
    }

    /// Sets how long a call waits for memory before it begins, 2 minutes unless set (`limits.wait`).
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Sets how many entries one payload may have, 4,096 unless set: metadata, sizes of what is stored
    /// elsewhere, and fields of a later version. It holds for what goes in, between stages, for what is
    /// stored and read back, and for what comes out. What was written under a higher number is readable
    /// once the number is as high again.
    ///
    /// Plugins have `Limits::entries`, which should be the same. A codec of the program's own that reads
    /// payloads of more entries uses `Payload::from_envelope_within`.
    pub fn most_entries(mut self, entries: NonZeroUsize) -> Self {
        self.entries = entries.get();
        self
    }

    /// Sets how long one call of a codec may take that has no time limit of its own, which is one that
    /// the program brings: 2 minutes unless set. Plugins have `Limits::time`.
    ///
    /// What ends the call is tokio's timer, so it must be on; a codec that blocks its thread is ended
    /// when it lets go of it.
    pub fn codec_time(mut self, time: Duration) -> Self {
        self.codec_time = time;
        self
    }

    /// The pipeline.
    ///
    /// # Errors
    /// If the parts contradict each other.
    pub fn build(self) -> Result<Pipeline, PipelineError> {
        let unsealed = |stage: &&Stage| {
            stage.is_required_to_encode() && stage.purpose() != Purpose::Encryption
        };
        if let Some(stage) = self.stages.iter().find(unsealed) {
            return Err(PipelineError::RequiredUnsealed(stage.name().to_owned()));
        }
        let keyless = |stage: &&Stage| stage.is_required_to_encode() && !stage.codec.has_key();
        if let Some(stage) = self.stages.iter().find(keyless) {
            return Err(PipelineError::RequiredKeyless(stage.name().to_owned()));
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
        let seals = self.stages.iter().any(Stage::is_required_to_encode);
        if self.offload.as_ref().is_some_and(Offload::is_sealed) && !seals {
            return Err(PipelineError::StoresUnsealed);
        }
        let build = |offload: Offload| offload.build(self.entries);
        let storage = self.offload.map(build).transpose()?.map(Arc::new);
        let (permits, payload, time) = (self.permits, self.payload, self.codec_time);
        let envelopes = self.envelopes;
        let stages = self.stages.into_iter().map(|stage| stage.codec_time(time)).collect();
        let (payloads, entries, wait) = (self.payloads, self.entries, self.wait);
        let memory = self.memory.unwrap_or_else(|| {
            let [call, process] = MEMORY;
            MemoryBudget::new(call, process)
        });
        Ok(Pipeline {
            stages,
            permits,
            payload,
            payloads,
            entries,
            memory,
            wait,
            storage,
            envelopes,
            quiet: false,
        })
    }
}

impl fmt::Debug for PipelineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipelineBuilder")
            .field("stages", &self.stages)
            .field("offload", &self.offload)
            .finish_non_exhaustive()
    }
}
