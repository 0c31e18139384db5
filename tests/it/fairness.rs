//! One large payload does not keep a runtime's thread to itself.

use std::{
    future::{Future as _, poll_fn},
    pin::pin,
    time::Duration,
};

use cloakroom::{
    Codec as _,
    codec::Encoded,
    plugin::{Limits, PluginCodec, Reuse, Settings},
};
use cloakroom_tests::{bundled, ctx, host, plain, text};

async fn zlib() -> PluginCodec {
    let limits = Limits { time: Duration::from_secs(120), ..Limits::default() };
    bundled(&host(limits), "zlib", Settings::none().with_setting("level", 9), Reuse::Fresh).await
}

/// Compressing so much takes hundreds of the clock's ticks of 1 ms. The caller's task has a turn to
/// begin, another if the guest had a tick of it, and one for the answer.
#[tokio::test(flavor = "current_thread")]
async fn a_callers_thread_is_left_alone_while_a_guest_computes() {
    let (codec, large, ctx) = (zlib().await, plain(text(16 << 20)), ctx());
    let mut call = pin!(codec.encode(&ctx, &large));
    let mut turns = 0;
    let encoded = poll_fn(|polling| {
        turns += 1;
        call.as_mut().poll(polling)
    });
    assert!(matches!(encoded.await, Ok(Encoded::Changed(_))));
    assert!(turns <= 3, "had {turns} turns");
}

/// A small payload is computed in its caller's task first. If it takes long, it leaves the task.
#[tokio::test(flavor = "current_thread")]
async fn a_small_payload_that_takes_long_leaves_its_callers_task() {
    let (codec, ctx) = (zlib().await, ctx());
    let large = plain(vec![0; 32 << 20]);
    let Encoded::Changed(small) = codec.encode(&ctx, &large).await.unwrap() else {
        panic!("left alone");
    };
    assert!(small.data.len() < 64 << 10, "{}", small.data.len());
    // Another codec, which has not been slow yet.
    let codec = zlib().await;
    let mut call = pin!(codec.decode(&ctx, small));
    let mut turns = 0;
    let decoded = poll_fn(|polling| {
        turns += 1;
        call.as_mut().poll(polling)
    });
    assert!(decoded.await.unwrap() == large);
    assert!(turns <= 3, "had {turns} turns");
}
