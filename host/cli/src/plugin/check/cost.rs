//! Cost of a plugin: start, calls, throughput and memory.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use cloakroom::{
    Context, Payload,
    plugin::{Host, Reuse, Trace, TraceEvent},
};

use crate::{
    failure::Failure,
    plugin::{
        candidate::{Candidate, is_driver},
        made_up_key::MadeUpKey,
        measure::{self, Times},
        sample,
    },
};

/// Calls for each figure.
const CALLS: usize = 15;

/// Size of a small payload, whose time is that of a call.
const SMALL: usize = 1 << 10;

/// Size of a large payload, whose time is that of its bytes.
const LARGE: usize = 1 << 20;

/// Cost of a plugin on this machine.
pub(crate) struct Cost {
    /// Time of loading it once it is compiled, and of its description.
    pub(crate) start: Duration,
    pub(crate) fresh: Times,
    pub(crate) warm: Times,
    pub(crate) large: Times,
    /// Most linear memory of an instance after a call with [`LARGE`] bytes.
    pub(crate) memory: u64,
}

impl Cost {
    /// Returns the bytes of the large payload.
    pub(crate) fn large_bytes(&self) -> usize {
        LARGE
    }
}

/// Measures a plugin.
///
/// # Errors
/// Those of its calls.
pub(super) async fn measure(candidate: &Candidate, host: &Host) -> Result<Cost, Failure> {
    let began = Instant::now();
    let most = Arc::new(AtomicU64::new(0));
    let seen = most.clone();
    let trace = Trace::new(move |event| {
        if let TraceEvent::End { memory } = event {
            seen.fetch_max(memory, SeqCst);
        }
    });
    let grants = candidate.grants(MadeUpKey::First)?;
    let plugin = candidate.load(host, grants.clone()).await?;
    let watched = candidate.load(host, grants.with_trace(trace)).await?;
    let (small, large) = (sample::payload(SMALL), sample::payload(LARGE));
    let ctx = Context::namespace("cost");
    if is_driver(&plugin) {
        let fresh = candidate.driver(&plugin, Reuse::Fresh).await?;
        let start = began.elapsed();
        let warm = candidate.driver(&plugin, Reuse::Warm).await?;
        let of = |payload: &Payload| sample::object(payload);
        measure::driver(&candidate.driver(&watched, Reuse::Fresh).await?, &ctx, &of(&large), 1)
            .await?;
        return Ok(Cost {
            start,
            fresh: measure::driver(&fresh, &ctx, &of(&small), CALLS).await?,
            warm: measure::driver(&warm, &ctx, &of(&small), CALLS).await?,
            large: measure::driver(&fresh, &ctx, &of(&large), CALLS).await?,
            memory: most.load(SeqCst),
        });
    }
    let fresh = candidate.codec(&plugin, Reuse::Fresh).await?;
    let start = began.elapsed();
    let warm = candidate.codec(&plugin, Reuse::Warm).await?;
    measure::codec(&candidate.codec(&watched, Reuse::Fresh).await?, &ctx, &large, 1).await?;
    Ok(Cost {
        start,
        fresh: measure::codec(&fresh, &ctx, &small, CALLS).await?,
        warm: measure::codec(&warm, &ctx, &small, CALLS).await?,
        large: measure::codec(&fresh, &ctx, &large, CALLS).await?,
        memory: most.load(SeqCst),
    })
}
