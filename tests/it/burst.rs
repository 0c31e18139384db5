//! Bursts of large payloads under default limits, stored by zstd, AES and a folder.

use cloakroom::{Cloakroom, storage::TemporalReferences};
use cloakroom_tests::{ctx, plain, text};
use futures::future::join_all;

use crate::worker::{in_folder, opening};

/// Payloads, and mebibytes of each. `cargo xtask bench load` has larger ones, up to 200 of 8 MiB.
const ROWS: [(usize, usize); 2] = [(24, 8), (4, 48)];

/// Sends payloads as a worker does, each in a call of its own or all in one, and returns the most
/// memory that was counted meanwhile, as parts of what a call may hold and of what all may.
async fn burst(count: usize, size: usize, one_call: bool) -> [f64; 2] {
    let folder = tempfile::tempdir().unwrap();
    let cloakroom = opening(&in_folder("local", folder.path())).open().await.unwrap();
    let body = text(size << 20);
    let batch = |count| (0..count).map(|_| plain(body.clone())).collect::<Vec<_>>();
    let send = |cloakroom: Cloakroom, batch: Vec<_>| async move {
        let stored = cloakroom.encode(&ctx(), batch).await.unwrap();
        assert!(stored.iter().all(TemporalReferences::is_reference));
    };
    if one_call {
        send(cloakroom.clone(), batch(count)).await;
    } else {
        let calls = (0..count).map(|_| tokio::spawn(send(cloakroom.clone(), batch(1))));
        for call in join_all(calls.collect::<Vec<_>>()).await {
            call.unwrap();
        }
    }
    let host = cloakroom.host();
    let budget = host.memory();
    [budget.call_bytes(), budget.process_bytes()]
        .map(|limit| budget.peak() as f64 / limit.get() as f64)
}

#[tokio::test(flavor = "multi_thread")]
async fn large_payloads_pass_in_one_call_and_in_many() {
    for (count, size) in ROWS {
        for one_call in [true, false] {
            let [call, process] = burst(count, size, one_call).await;
            println!("{count} x {size} MiB, one call {one_call}: {call:.2} {process:.2}");
        }
    }
}
