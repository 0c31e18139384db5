//! Direct and through the plugin, turn by turn, each time with another payload.

use std::time::Instant;

use bytes::Bytes;
use cloakroom::{Context, Payload};
use cloakroom_benches::Samples;
use tokio::runtime::{Builder, Runtime};

use crate::{direct, place::Place};

/// Seconds, turn by turn.
pub(crate) struct Times {
    pub(crate) direct: Samples,
    pub(crate) plugin: Samples,
}

/// Storing, and retrieving what was stored.
pub(crate) fn run(place: &Place, size: usize) -> [Times; 2] {
    let turns = if size < 10 << 20 { 41 } else { 15 };
    let runtime = runtime();
    runtime.block_on(async {
        let (pipeline, store) = (place.pipeline().await, place.store());
        let ctx = Context::none();
        let mut times: [[Samples; 2]; 2] = Default::default();
        for turn in 0..turns {
            let (one, other) = (payload(size, 2 * turn), payload(size, 2 * turn + 1));
            // Who begins finds the store as the other left it.
            for who in if turn % 2 == 0 { [0, 1] } else { [1, 0] } {
                let start = Instant::now();
                if who == 0 {
                    let path = direct::store(&*store, &one).await;
                    times[0][0].push(start.elapsed().as_secs_f64());
                    let start = Instant::now();
                    assert!(direct::retrieve(&*store, &path).await == one);
                    times[1][0].push(start.elapsed().as_secs_f64());
                } else {
                    let kept = pipeline.encode(&ctx, vec![other.clone()]).await.expect("stores");
                    times[0][1].push(start.elapsed().as_secs_f64());
                    let start = Instant::now();
                    let read = pipeline.decode(&ctx, kept).await.expect("retrieves");
                    assert!(read[0] == other);
                    times[1][1].push(start.elapsed().as_secs_f64());
                }
            }
        }
        times.map(|[direct, plugin]| Times { direct, plugin })
    })
}

pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// Bytes that are nobody else's.
pub(crate) fn payload(size: usize, number: usize) -> Payload {
    let mut state = number as u64 * 2 + 1;
    let mut data = Vec::with_capacity(size + 8);
    while data.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        data.extend_from_slice(&state.to_le_bytes());
    }
    data.truncate(size);
    Payload::new("binary/plain", Bytes::from(data))
}
