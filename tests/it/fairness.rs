//! One large payload does not keep a runtime's thread to itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use cloakroom::{Codec as _, Encoded, Limits, Reuse, Settings};
use cloakroom_tests::{bundled, ctx, host, plain, text};

/// On one thread, so that the guest and the others have nothing else to run on.
#[tokio::test(flavor = "current_thread")]
async fn others_run_while_a_guest_computes() {
    let limits = Limits { time: Duration::from_secs(120), ..Limits::default() };
    let codec =
        bundled(&host(limits), "zlib", Settings::none().set("level", 9), Reuse::Fresh).await;
    let turns = Arc::new(AtomicUsize::new(0));
    let other = turns.clone();
    let others = tokio::spawn(async move {
        loop {
            other.fetch_add(1, SeqCst);
            tokio::task::yield_now().await;
        }
    });
    let large = plain(text(16 << 20));
    let before = turns.load(SeqCst);
    assert!(matches!(codec.encode(&ctx(), &large).await, Ok(Encoded::Changed(_))));
    let during = turns.load(SeqCst) - before;
    others.abort();
    // Compressing so much takes hundreds of the clock's ticks of 1 ms; a guest that never yielded
    // would have left the others one turn at most.
    assert!(20 < during, "the others had {during} turns");
}
