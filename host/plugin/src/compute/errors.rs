//! Errors of calls that the scheduler refuses or ends.

use std::time::Duration;

use cloakroom_core::{Error, ErrorKind, Remedy};

use crate::limits::{Limits, own::PluginLimits};

/// Returns the error of a driver whose guest waited too long for its store.
pub(super) fn store_timed_out(limits: &PluginLimits) -> Error {
    let text =
        format!("the store behind this driver did not answer within {:?}", limits.driver_time);
    Error::new(ErrorKind::Unavailable, text).with_remedies(limits.driver_time_remedies())
}

/// Returns the error of a call that had no answer when `Limits::wait` ended.
pub(super) fn wait_ended(computed: Duration, limits: &Limits) -> Error {
    let text = format!(
        "waited {:?} and computed {computed:.1?} of it: the host has more work than it can do in \
         that time; try again later, or give it more processors",
        limits.wait
    );
    Error::new(ErrorKind::Busy, text).with_remedies(&[Remedy::Wait])
}

/// Returns the error of a call that came when the queue was full.
pub(super) fn queue_full(queued: usize, limits: &Limits) -> Error {
    let text = format!(
        "{queued} payloads wait for a processor, and at most {} may: try again later",
        limits.queue
    );
    Error::new(ErrorKind::Busy, text).with_remedies(&[Remedy::Queue])
}

/// Returns the error of a guest that ended without an answer, which only a panic does.
pub(super) fn answer_lost() -> Error {
    Error::new(ErrorKind::Internal, "the host failed while it ran this plugin")
}

/// Returns the error of a call outside of a Tokio runtime.
pub(super) fn no_runtime() -> Error {
    let text = "plugins run within a Tokio runtime, and this call was made outside of one: make it in \
                an async task, or inside `Runtime::block_on`";
    Error::new(ErrorKind::Config, text)
}

/// Returns the error of a host that cannot start a compute thread.
pub(super) fn no_thread(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Internal, "cannot start a compute thread").with_source(error)
}
