//! A request's body: bounded in size, in time, and in what all bodies hold together.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use cloakroom_core::ByteSize;
use http::StatusCode;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use super::answer::{Answer, line};

/// A client that writes before it reads gets its answer if it is listened to for this long.
const PATIENCE: Duration = Duration::from_secs(5);

/// A body, and its place among those in memory.
pub(super) struct Body {
    pub(super) bytes: Bytes,
    pub(super) place: OwnedSemaphorePermit,
}

/// The KiB that all bodies may have together.
pub(super) struct Places {
    kib: u32,
    free: Arc<Semaphore>,
}

impl Places {
    /// For so many bodies of this size.
    pub(super) fn new(bodies: usize, size: ByteSize) -> Self {
        let kib = size.get().div_ceil(1 << 10).saturating_mul(bodies as u64).max(1);
        let kib = u32::try_from(kib).unwrap_or(u32::MAX);
        Self { kib, free: Arc::new(Semaphore::new(kib as usize)) }
    }

    /// Places for so many bytes. What is more than there are takes all.
    async fn take(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let kib = u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX);
        self.free.clone().acquire_many_owned(kib.clamp(1, self.kib)).await.ok()
    }
}

/// Reads a body when there is place for it.
pub(super) async fn read(
    mut body: Incoming,
    most: ByteSize,
    places: &Places,
    deadline: Instant,
) -> Result<Body, Answer> {
    // What a chunked body will have is not known, and so it takes as much place as it may.
    let length = body.size_hint().exact().unwrap_or(most.get());
    if most.get() < length {
        let _ = tokio::time::timeout(PATIENCE, drain(&mut body)).await;
        return Err(too_large(most));
    }
    let Ok(Some(place)) = timeout_at(deadline, places.take(length)).await else {
        return Err(line(StatusCode::SERVICE_UNAVAILABLE, "too many requests are in work"));
    };
    let mut limited = Limited::new(body, most.as_usize());
    match timeout_at(deadline, (&mut limited).collect()).await {
        Ok(Ok(whole)) => Ok(Body { bytes: whole.to_bytes(), place }),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(most)),
        Ok(Err(_)) => Err(line(StatusCode::BAD_REQUEST, "the request's body broke off")),
        Err(_) => Err(line(
            StatusCode::REQUEST_TIMEOUT,
            "the request's body did not arrive in time (`codec_server.time`)",
        )),
    }
}

async fn drain(body: &mut Incoming) {
    while let Some(Ok(_)) = body.frame().await {}
}

fn too_large(most: ByteSize) -> Answer {
    let text = format!("the request has more than {most} (`codec_server.body`)");
    line(StatusCode::PAYLOAD_TOO_LARGE, &text)
}
