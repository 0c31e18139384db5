//! The numbers that a call may not pass.

use std::{num::NonZeroUsize, time::Duration};

use cloakroom_core::ByteSize;

/// What bounds plugins. All limits hold by default.
///
/// Exhaustive on purpose: `Limits { time, ..Limits::default() }` is how one is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of one instance, all its memories together.
    pub memory: ByteSize,
    /// Wall-clock time of one call of a codec, what it waits for included.
    pub time: Duration,
    /// The same of one call of a driver, which waits for its store.
    pub driver_time: Duration,
    /// Bytes that one call may have the host hold for it, and so hand back.
    pub output: ByteSize,
    /// Handles that one call may hold at once.
    pub handles: NonZeroUsize,
    /// Bytes that one call may log.
    pub log: ByteSize,
    /// Instances that may be in a call at once: so many of codecs, and so many of drivers.
    pub instances: NonZeroUsize,
    /// Bytes that a plugin's file may have.
    pub component: ByteSize,
}

impl Default for Limits {
    fn default() -> Self {
        let number = |count| NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN);
        Self {
            memory: ByteSize::mib(64),
            time: Duration::from_secs(5),
            driver_time: Duration::from_secs(60),
            output: ByteSize::mib(128),
            handles: number(1024),
            log: ByteSize::kib(16),
            instances: number(64),
            component: ByteSize::mib(64),
        }
    }
}
