//! Builder of pipelines, with the checks that need no call.

use std::{collections::BTreeMap, fmt, num::NonZeroUsize, sync::Arc, time::Duration};

use cloakroom_core::{ByteSize, ENTRIES, MemoryBudget, Purpose, Remedy};

use crate::{
    Envelopes, NamespaceRules, Offload, Pipeline, PipelineError, ReferenceFormat, Stage,
    stage::CODEC_TIME,
};

/// Default number of payloads of one call that are worked on at once.
const PERMITS: usize = 64;

/// Default size of the largest payload.
const PAYLOAD: ByteSize = ByteSize::mib(64);

/// Default number of payloads that one call may have.
const PAYLOADS: usize = 16_384;

/// Default memory of one call, and of all calls.
const MEMORY: [ByteSize; 2] = [ByteSize::mib(1024), ByteSize::mib(2048)];

/// Default time that a call waits for memory before it begins.
const WAIT: Duration = Duration::from_secs(120);

/// Builds a [`Pipeline`] from stages, storage and limits.
#[derive(Clone)]
#[must_use]
pub struct PipelineBuilder {
    stages: Vec<Stage>,
    permits: usize,
    payload: ByteSize,
    payloads: usize,
    memory: Option<MemoryBudget>,
    wait: Duration,
    entries: usize,
    codec_time: Duration,
    format: Option<Arc<dyn ReferenceFormat>>,
    remedy_name: Option<fn(Remedy) -> &'static str>,
    offload: Option<Offload>,
    envelopes: Option<Arc<dyn Envelopes>>,
    namespaces: BTreeMap<String, NamespaceRules>,
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
            format: None,
            remedy_name: None,
            offload: None,
            envelopes: None,
            namespaces: BTreeMap::new(),
        }
    }
}

impl Pipeline {
    /// Returns a builder of a pipeline without stages and storage.
    pub fn builder() -> PipelineBuilder {
        PipelineBuilder::default()
    }
}

impl PipelineBuilder {
    /// Adds a stage. Encoding runs the stages in the order in which they were added, decoding in reverse.
    pub fn with_stage(mut self, stage: Stage) -> Self {
        self.stages.push(stage);
        self
    }

    /// Stores large payloads, after all stages. Needs [`PipelineBuilder::with_reference_format`].
    pub fn with_offload(mut self, offload: Offload) -> Self {
        self.offload = Some(offload);
        self
    }

    /// Sets the format of references to stored objects. Without one, nothing is a reference: each payload
    /// is encoded and decoded like any other.
    pub fn with_reference_format(mut self, format: impl ReferenceFormat + 'static) -> Self {
        self.format = Some(Arc::new(format));
        self
    }

    /// Sets how errors name the settings that decide about them, those of its codecs and drivers
    /// included. By default they name the methods of the builders, and codecs and drivers their own.
    pub fn with_remedy_names(mut self, name: fn(Remedy) -> &'static str) -> Self {
        self.remedy_name = Some(name);
        self
    }

    /// Opens these envelopes of a workflow engine, and encodes and decodes the payloads in them. A marked
    /// payload that cannot be opened is refused if a stage is required, and passes if none is. Without
    /// this, envelopes are payloads like any other.
    pub fn with_envelopes(mut self, envelopes: Arc<dyn Envelopes>) -> Self {
        self.envelopes = Some(envelopes);
        self
    }

    /// Sets the rules of a namespace. They hold for calls whose context names it.
    pub fn with_namespace(mut self, name: &str, rules: NamespaceRules) -> Self {
        self.namespaces.insert(name.to_owned(), rules);
        self
    }

    /// Sets how many payloads of one call are worked on at once; 64 by default. The host of the plugins
    /// decides how many compute at once.
    pub fn with_permits(mut self, permits: NonZeroUsize) -> Self {
        self.permits = permits.get();
        self
    }

    /// Sets how many bytes one payload may have, going in or coming out; 64 MiB by default.
    pub fn with_max_payload_size(mut self, size: ByteSize) -> Self {
        self.payload = size;
        self
    }

    /// Sets how many payloads one call may have; 16,384 by default. A larger batch is refused before
    /// anything is done.
    pub fn with_max_payloads(mut self, payloads: NonZeroUsize) -> Self {
        self.payloads = payloads.get();
        self
    }

    /// Sets the budget that counts the memory of calls, such as `Host::memory`. Pipelines may share one.
    /// By default a pipeline has its own: 1 GiB for a call and 2 GiB for all calls.
    ///
    /// The pipeline counts what it makes for a call: outputs of codecs, retrieved objects, and copies of
    /// metadata. It does not count what the caller passes in.
    pub fn with_memory_budget(mut self, budget: MemoryBudget) -> Self {
        self.memory = Some(budget);
        self
    }

    /// Sets how long a call waits for memory before it begins; 2 minutes by default.
    pub fn with_memory_wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Sets how many entries one payload may have; 4,096 by default. Entries are metadata, sizes of stored
    /// objects, and fields of a later version. The limit holds for what goes in, between stages, for what
    /// is stored and read back, and for what comes out. A payload that was written under a higher limit
    /// can be read once the limit is as high again.
    ///
    /// Plugins have `Limits::entries`, which should be the same. A native codec that reads payloads of more
    /// entries uses `Payload::from_envelope_within`.
    pub fn with_max_entries(mut self, entries: NonZeroUsize) -> Self {
        self.entries = entries.get();
        self
    }

    /// Sets how long one call of a codec without a time limit of its own may take, which is a native one;
    /// 2 minutes by default. Plugins have `Limits::time`.
    ///
    /// Needs tokio's timer. A codec that blocks its thread is stopped once it lets go of the thread.
    pub fn with_codec_timeout(mut self, time: Duration) -> Self {
        self.codec_time = time;
        self
    }

    /// Builds the pipeline.
    ///
    /// # Errors
    /// If the parts contradict each other.
    pub fn build(self) -> Result<Pipeline, PipelineError> {
        self.check_stages()?;
        let storage = match (self.offload, &self.format) {
            (Some(offload), Some(format)) => {
                Some(Arc::new(offload.build(self.entries, format.clone())?))
            }
            (Some(_), None) => return Err(PipelineError::NoReferenceFormat),
            (None, _) => None,
        };
        let time = self.codec_time;
        let stages = self.stages.into_iter().map(|stage| stage.codec_time(time)).collect();
        let memory = self.memory.unwrap_or_else(|| {
            let [call, process] = MEMORY;
            MemoryBudget::new(call, process)
        });
        Ok(Pipeline {
            stages,
            permits: self.permits,
            largest_payload: self.payload,
            most_payloads: self.payloads,
            memory,
            wait: self.wait,
            entries: self.entries,
            format: self.format,
            storage,
            envelopes: self.envelopes,
            namespaces: self.namespaces.into(),
            remedy_name: self.remedy_name,
            quiet: false,
            keeps_own: false,
            room: None,
        })
    }

    fn check_stages(&self) -> Result<(), PipelineError> {
        let plaintext = |stage: &&Stage| {
            stage.is_required_to_encode() && stage.purpose() != Purpose::Encryption
        };
        if let Some(stage) = self.stages.iter().find(plaintext) {
            return Err(PipelineError::RequiredUnsealed(stage.name().to_owned()));
        }
        // The purpose is the plugin's own word. A cipher without a key of the host encrypts with
        // nothing, or with what anybody has.
        let keyless = |stage: &&Stage| stage.is_required_to_encode() && !stage.codec.has_key();
        if let Some(stage) = self.stages.iter().find(keyless) {
            return Err(PipelineError::RequiredKeyless(stage.name().to_owned()));
        }
        // Encrypted bytes do not get smaller. Both orders would come back intact, so without this
        // check only the bill of the store would show the mistake.
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
        Ok(())
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
