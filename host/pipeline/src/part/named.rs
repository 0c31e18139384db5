//! Stage or driver by its name, and the metrics of its calls.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use cloakroom_core::Direction;
use metrics::{Key, SharedString, with_recorder};

use crate::metric::{self, METADATA};

/// Stage or driver by its name.
pub(crate) struct Part {
    pub(super) kind: PartKind,
    pub(super) name: Arc<str>,
    encode: OnceLock<CallMetrics>,
    decode: OnceLock<CallMetrics>,
}

#[derive(Clone, Copy)]
pub(super) enum PartKind {
    Stage,
    Driver,
}

/// Names and labels of the metrics of a part's calls in one direction. They are made once: to make them
/// takes longer than to count, also where nobody records.
pub(super) struct CallMetrics {
    calls: Key,
    bytes_in: Key,
    bytes_out: Key,
    seconds: Key,
}

impl Part {
    /// Returns the part of a stage.
    pub(crate) fn stage(name: &str) -> Arc<Self> {
        Self::new(PartKind::Stage, name.into())
    }

    pub(super) fn driver(name: &Arc<str>) -> Arc<Self> {
        Self::new(PartKind::Driver, name.clone())
    }

    fn new(kind: PartKind, name: Arc<str>) -> Arc<Self> {
        Arc::new(Self { kind, name, encode: OnceLock::new(), decode: OnceLock::new() })
    }

    /// Returns the name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn metrics(&self, direction: Direction) -> &CallMetrics {
        let metrics = match direction {
            Direction::Encode => &self.encode,
            Direction::Decode => &self.decode,
        };
        metrics.get_or_init(|| CallMetrics::new(&self.labels(direction)))
    }

    pub(super) fn labels(&self, direction: Direction) -> [(&'static str, SharedString); 3] {
        [
            ("part", self.kind.as_str().into()),
            ("name", self.name.clone().into()),
            ("direction", direction.as_str().into()),
        ]
    }
}

impl PartKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Driver => "driver",
        }
    }
}

impl CallMetrics {
    fn new(labels: &[(&'static str, SharedString)]) -> Self {
        let key = |name: &'static str| Key::from_parts(name, labels);
        Self {
            calls: key(metric::CALLS),
            bytes_in: key(metric::BYTES_IN),
            bytes_out: key(metric::BYTES_OUT),
            seconds: key(metric::SECONDS),
        }
    }

    /// Counts a call that begins, with a payload of `bytes` bytes if that is known.
    // The recorder is asked each time and no handle is kept: a program may install one late.
    pub(super) fn count_begin(&self, bytes: Option<usize>) {
        with_recorder(|recorder| {
            recorder.register_counter(&self.calls, &METADATA).increment(1);
            if let Some(bytes) = bytes {
                recorder.register_counter(&self.bytes_in, &METADATA).increment(bytes as u64);
            }
        });
    }

    /// Counts a call that has ended, with a result of `bytes` bytes if it has one.
    pub(super) fn count_end(&self, took: Duration, bytes: Option<usize>) {
        with_recorder(|recorder| {
            recorder.register_histogram(&self.seconds, &METADATA).record(took);
            if let Some(bytes) = bytes {
                recorder.register_counter(&self.bytes_out, &METADATA).increment(bytes as u64);
            }
        });
    }
}
