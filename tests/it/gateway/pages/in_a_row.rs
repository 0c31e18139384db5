//! Pages that two gateways in a row cut and decode: the token of the outer one is a server's for the inner
//! one, which wraps it, or knows it by their common keys.

use std::sync::Arc;

use cloakroom::keys::{KeyMaterial, Ring};

use super::{FORWARD, REVERSE, Read, cutting, ids, replays};
use crate::{
    gateway::harness::{Served, named, plain_client, plain_worker},
    worker::{Filled, opened, server, stages, unique},
};

/// User agent whose pages are cut, as those of Rust workers are.
const AGENT: &str = "tonic";

/// A gateway before another one, with the same keys or its own. It stores nothing, and takes plaintext from
/// the other one. Its clients receive less.
async fn inner(upstream: &str, has_same_keys: bool) -> Served {
    let gateway = format!(
        r#"
        [gateway.temporal]
        upstream = "{upstream}"
        [[gateway.temporal.client]]
        user_agent = "{AGENT}"
        answer = "80KiB"
        "#
    );
    let lenient = stages(false).replace("required = true", "required = false");
    let mut opening = opened(lenient + &gateway);
    if !has_same_keys {
        let ring = Ring::single("inner-key", &KeyMaterial::new([9; 32])).unwrap();
        opening = opening.with_key_ring("payments", Arc::new(ring));
    }
    Served::start(&opening.open().await.unwrap()).await
}

async fn read_and_replay(has_same_keys: bool) {
    let folder = tempfile::tempdir().unwrap();
    let outer = Served::start(&cutting(folder.path(), &server().url(), AGENT).await).await;
    let inner = inner(&outer.url(), has_same_keys).await;
    replays(&inner).await;

    let queue = unique("row");
    let _worker = plain_worker(&inner, &queue);
    let client = plain_client(&inner.url()).await;
    let started = client.start_workflow(Filled::run, (25, 20 << 10), named(&queue, "row")).await;
    let started = started.unwrap();
    started.get_result(Default::default()).await.unwrap();
    let mut read = Read {
        workflow_id: started.info().workflow_id.clone(),
        run_id: started.info().run_id.clone().unwrap(),
        page_size: 0,
    };
    let direct = server().target().parse().unwrap();
    let (_, stored) = read.pages(FORWARD, "whole", async |_| direct).await;
    let (_, whole) = read.pages(FORWARD, "whole", async |_| inner.address).await;
    for (method, size, run_id) in [
        (FORWARD, 0, read.run_id.clone()),
        (REVERSE, 0, read.run_id.clone()),
        (FORWARD, 3, read.run_id.clone()),
        (REVERSE, 0, String::new()),
        (FORWARD, 0, String::new()),
    ] {
        (read.page_size, read.run_id) = (size, run_id);
        let (pages, mut events) = read.pages(method, AGENT, async |_| inner.address).await;
        if method == REVERSE {
            events.reverse();
        }
        assert!(pages.len() > 5, "{pages:?}");
        assert_eq!(ids(&events), ids(&stored), "{method} {pages:?}");
        assert!(events == whole, "{method}: payloads differ");
    }
    inner.end().await;
    outer.end().await;
}

/// The inner gateway opens the tokens of the outer one, as any replica does.
#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_with_the_same_keys_cut_a_history() {
    read_and_replay(true).await;
}

/// The tokens of the outer gateway are those of a server for the inner one.
#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_with_keys_of_their_own_cut_a_history() {
    read_and_replay(false).await;
}
