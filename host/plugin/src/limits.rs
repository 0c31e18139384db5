//! Limits of plugins and their calls.

pub(crate) mod code_limits;
mod exceeded;
pub(crate) mod own;

use std::{num::NonZeroUsize, thread::available_parallelism, time::Duration};

use cloakroom_core::{ByteSize, ENTRIES, Error, ErrorKind, Remedy};

use self::code_limits::CodeLimits;

/// Limits of every plugin of a host. All of them apply unless changed.
///
/// Exhaustive on purpose: `Limits { time, ..Limits::default() }` changes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of one instance, all its memories together. Default: 64 MiB.
    pub memory: ByteSize,
    /// Time of one call of a codec: what it computes, in processor time, and how long its imports wait.
    /// Waiting for a slot is not part of it. Default: 5 seconds.
    pub time: Duration,
    /// Time of one call of a driver, which waits for its store. Counted as `time`. Default: 60 seconds.
    pub driver_time: Duration,
    /// Wall-clock time of one call of a codec or a driver, from when it is queued until it answers. At
    /// least `time` and `driver_time`. Default: 120 seconds.
    pub wait: Duration,
    /// Guests that may compute at once, each on a slot: a thread of the host, or its caller's for a
    /// small payload. Default: the number of processors.
    pub computing: NonZeroUsize,
    /// Calls of codecs and drivers that may wait for their first turn. While so many wait, new calls of
    /// a pipeline are refused; calls that were admitted may exceed it. Default: 4,096.
    pub queue: NonZeroUsize,
    /// Bytes that one call may have the host make, over the whole call, and so return. Default: 128 MiB.
    pub output: ByteSize,
    /// Bytes that the host may hold at once for one call: its input, and what the call made and still
    /// holds. Copies count too, so it should be three times `output`. Default: 384 MiB.
    pub held: ByteSize,
    /// Entries of one payload: metadata, sizes of objects stored elsewhere, and fields of a later
    /// version. Default: [`cloakroom_core::ENTRIES`].
    pub entries: NonZeroUsize,
    /// Handles that one call may hold at once. Default: 1,024.
    pub handles: NonZeroUsize,
    /// Bytes that one call may log. Default: 16 KiB.
    pub log: ByteSize,
    /// Instances that may be in a call at once, those that wait for imports included: so many of
    /// codecs, and so many of drivers. Default: 64.
    pub instances: NonZeroUsize,
    /// Size of a plugin's file. Default: 64 MiB.
    pub component: ByteSize,
    /// Bytes that the host may hold for one call of a pipeline. At most [`Self::process_bytes`].
    /// Default: 1 GiB.
    pub call_bytes: ByteSize,
    /// Bytes that the host may hold for all calls together, memory of instances included. Default: 2
    /// GiB.
    pub process_bytes: ByteSize,
    /// Wall-clock time of loading one plugin, or a whole configuration: reading files, compiling, and
    /// trying what was loaded. Default: 300 seconds.
    pub load: Duration,
    /// Limits of the code that is compiled.
    pub code: CodeLimits,
}

impl Limits {
    /// Checks the limits against each other.
    ///
    /// # Errors
    /// `Config` if `wait` is shorter than a call may take, or a call may hold more than the process.
    pub(crate) fn check(&self) -> Result<(), Error> {
        // When the host is built: at run time every long call would end as busy, which reads like load.
        let times: [(_, &[Remedy]); 2] = [
            (self.time, &[Remedy::Wait, Remedy::PluginTime]),
            (self.driver_time, &[Remedy::Wait, Remedy::DriverTime]),
        ];
        if let Some((time, remedies)) = times.into_iter().find(|(time, _)| self.wait < *time) {
            let text = format!(
                "a call ends after {:?}, and the plugin in it may take {time:?}: a call waits for a \
                 processor besides, so it must be allowed at least as long",
                self.wait
            );
            return Err(Error::new(ErrorKind::Config, text).with_remedies(remedies));
        }
        if self.call_bytes > self.process_bytes {
            let text = format!(
                "one call may hold {}, and all calls together {}: no call could use what it may, so \
                 lower the one or raise the other",
                self.call_bytes, self.process_bytes
            );
            let remedies = &[Remedy::CallBytes, Remedy::ProcessBytes];
            return Err(Error::new(ErrorKind::Config, text).with_remedies(remedies));
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        let number = |count| NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN);
        Self {
            memory: ByteSize::mib(64),
            time: Duration::from_secs(5),
            driver_time: Duration::from_secs(60),
            wait: Duration::from_secs(120),
            computing: available_parallelism().unwrap_or(NonZeroUsize::MIN),
            queue: number(4096),
            output: ByteSize::mib(128),
            held: ByteSize::mib(384),
            entries: number(ENTRIES),
            handles: number(1024),
            log: ByteSize::kib(16),
            instances: number(64),
            component: ByteSize::mib(64),
            call_bytes: ByteSize::mib(1024),
            process_bytes: ByteSize::mib(2048),
            load: Duration::from_secs(300),
            code: CodeLimits::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_may_hold_no_more_than_the_process() {
        let (call_bytes, process_bytes) = (ByteSize::mib(3), ByteSize::mib(2));
        let error = Limits { call_bytes, process_bytes, ..Limits::default() }.check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(error.remedies(), [Remedy::CallBytes, Remedy::ProcessBytes]);
        let text = error.to_string();
        assert!(text.contains("hold 3MiB, and all calls together 2MiB"), "{text}");
        Limits { call_bytes, process_bytes: call_bytes, ..Limits::default() }.check().unwrap();
    }
}
