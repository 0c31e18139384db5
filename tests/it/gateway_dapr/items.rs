//! Work items that are compressed, that nobody can hold, or of which too many are held.

use super::{counts::Counts, *};

const ITEMS: &str = "/TaskHubSidecarService/GetWorkItems";

/// A text that only a later version of Cloakroom can read.
const LATER: &str = "\"cloakroom:v2:AAAA\"";

#[tokio::test]
async fn items_may_be_compressed() {
    let folder = tempfile::tempdir().unwrap();
    let mut served = Served::start(folder.path(), "").await;
    let text = parcel(200_000);
    let encoded = served.encoded(&text).await;
    let mut items = served.app.stream(ITEMS).await;
    let mut sent = served.sidecar.stream().await;
    sent.send_compressed(&turn("one", &encoded).encode_to_vec());
    assert_eq!(item(items.next().await), turn("one", &text));
    // What is no gzip ends the stream: nothing that follows could be trusted.
    sent.send_bytes(Bytes::from_static(b"\x01\0\0\0\x03abc"));
    assert_eq!(items.end().await, "3");
}

/// The stream goes on behind the last byte of an item that was not read, in whatever parts it comes.
#[tokio::test]
async fn an_item_that_nobody_can_hold_is_left_out_alone() {
    let mut counts = Counts::record();
    let mut served = Served::with(&format!("{STAGE}[limits]\ncall_bytes = \"1MiB\"\n"), "").await;
    let mut items = served.app.stream(ITEMS).await;
    let mut sent = served.sidecar.stream().await;
    for size in [1 << 20, 1_100_000, 3_000_000] {
        sent.send(&turn("large", &"x".repeat(size)));
        let small = turn("small", &size.to_string());
        sent.send(&small);
        assert_eq!(item(items.next().await), small);
    }
    counts.noted("memory", 3).await;
    // Some kilobytes, which become more than a call may hold.
    sent.send_compressed(&turn("bomb", &"x".repeat(8 << 20)).encode_to_vec());
    let small = turn("small", "behind it");
    sent.send(&small);
    assert_eq!(item(items.next().await), small);
    counts.noted("memory", 4).await;
}

/// A turn that cannot be decoded, of some size.
fn undecodable(instance: &str, size: usize) -> WorkItem {
    let mut item = turn(instance, LATER);
    let Some(Request::WorkflowRequest(request)) = &mut item.request else { panic!() };
    let Some(Request::WorkflowRequest(plain)) = turn("", &"x".repeat(size)).request else {
        panic!()
    };
    request.new_events.extend(plain.new_events);
    item
}

#[tokio::test]
async fn what_is_held_leaves_memory_for_others() {
    let mut counts = Counts::record();
    let limits = "[limits]\ncall_bytes = \"1MiB\"\nprocess_bytes = \"4MiB\"\n";
    let mut served = Served::with(&format!("{STAGE}{limits}"), "").await;
    let mut items = served.app.stream(ITEMS).await;
    let mut sent = served.sidecar.stream().await;
    // Three of them are less than a quarter of the memory, and four are more.
    for count in 1..=3 {
        sent.send(&undecodable(&format!("held-{count}"), 300_000));
        counts.noted("malformed", count).await;
    }
    for count in 1..=2 {
        sent.send(&undecodable(&format!("out-{count}"), 300_000));
        counts.noted("full", count).await;
    }
    // An activity fails all the same: it need not wait.
    let large_input = format!("\"cloakroom:v2:{}\"", "A".repeat(300_000));
    sent.send(&activity(7, &large_input));
    let failed = served.sidecar.next("/TaskHubSidecarService/CompleteActivityTask").await;
    assert_eq!(ActivityResponse::decode(failed.message).unwrap().task_id, 7);
    let large = turn("large", &"x".repeat(900_000));
    sent.send(&large);
    assert_eq!(item(items.next().await), large);
}
