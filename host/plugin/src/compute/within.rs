//! The bound on a guest's waits, whatever import it waits for.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
};

use cloakroom_core::{Error, Limit};
use tokio::time::{Instant, Sleep, sleep};

use super::{Clock, Part};
use crate::{Limits, instance::fault};

/// Runs a guest, and gives it up once it has waited for an import longer than it has left.
pub(super) async fn within<T>(
    clock: Arc<Clock>,
    part: Part,
    limits: Limits,
    guest: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let mut guest = pin!(guest);
    let mut timer: Option<Pin<Box<Sleep>>> = None;
    poll_fn(|polling| {
        if let Poll::Ready(answer) = guest.as_mut().poll(polling) {
            return Poll::Ready(answer);
        }
        if clock.gives_way() {
            return Poll::Pending;
        }
        let left = clock.left();
        if left.is_zero() {
            return Poll::Ready(Err(match part {
                Part::Stage => fault::exceeded(Limit::Time, &limits),
                Part::Driver => fault::silent(&limits),
            }));
        }
        let timer = timer.get_or_insert_with(|| Box::pin(sleep(left)));
        timer.as_mut().reset(Instant::now() + left);
        if timer.as_mut().poll(polling).is_ready() {
            polling.waker().wake_by_ref();
        }
        Poll::Pending
    })
    .await
}

/// Has the guest that calls leave its caller's task, if it computes there: what follows is long.
pub(crate) async fn give_way(clock: &Clock) {
    let mut asked = !clock.is_inline();
    poll_fn(|polling| {
        if asked {
            return Poll::Ready(());
        }
        asked = true;
        clock.give_way();
        polling.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
