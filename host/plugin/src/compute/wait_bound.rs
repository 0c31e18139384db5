//! Bound on the time that a guest waits for an import.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

use cloakroom_core::{Error, Limit};
use tokio::time::{Instant, Sleep, sleep};

use super::{clock::Clock, errors, plugin_role::PluginRole};
use crate::limits::own::PluginLimits;

/// Runs a guest, and drops it once it has waited for an import for longer than it has left.
///
/// The epoch stops a guest that computes, but not one that waits: no instruction runs then.
///
/// # Errors
/// The error of the guest. `LimitExceeded(Time)` for a codec and `Unavailable` for a driver that waited too
/// long: a driver waits for its store, so its store is to blame.
pub(super) async fn bound_waits<T>(
    clock: &Clock,
    role: PluginRole,
    limits: &PluginLimits,
    mut guest: Pin<&mut impl Future<Output = Result<T, Error>>>,
) -> Result<T, Error> {
    // Made at the first wait: most calls never wait.
    let mut timer: Option<Pin<Box<Sleep>>> = None;
    poll_fn(|polling| {
        if let Poll::Ready(answer) = guest.as_mut().poll(polling) {
            return Poll::Ready(answer);
        }
        // It waits for a turn and not for an import. Time in the queue is the machine's and not the
        // plugin's, so no timer runs.
        if clock.yields() {
            return Poll::Pending;
        }
        let left = clock.time_left();
        if left.is_zero() {
            return Poll::Ready(Err(match role {
                PluginRole::Stage => limits.exceeded(Limit::Time),
                PluginRole::Driver => errors::store_timed_out(limits),
            }));
        }
        let timer = timer.get_or_insert_with(|| Box::pin(sleep(left)));
        // At each wait: between two imports the guest computes, and has less time left.
        timer.as_mut().reset(Instant::now() + left);
        if timer.as_mut().poll(polling).is_ready() {
            polling.waker().wake_by_ref();
        }
        Poll::Pending
    })
    .await
}
