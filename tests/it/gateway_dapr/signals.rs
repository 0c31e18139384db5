//! The gateway as an operator runs it: a process, and signals to reload and to end.

use cloakroom_tests::{poll_until, rigs::GatewayProcess};

use super::*;
use crate::{cli::binary, worker::until};

const START: &str = "/TaskHubSidecarService/StartInstance";

/// A text that only a later version of Cloakroom can read.
const LATER: &str = "\"cloakroom:v2:AAAA\"";

fn config(sidecar: &Sidecar, max_body_size: &str) -> String {
    format!(
        "{STAGE}[gateway.dapr]\nupstream = \"{}\"\nmax_body_size = {max_body_size}\n",
        sidecar.url()
    )
}

fn start() -> Vec<u8> {
    let input = Some(parcel(8000));
    let start =
        CreateInstanceRequest { instance_id: "one".to_owned(), input, ..Default::default() };
    start.encode_to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_applies_the_limit_of_the_sidecar() {
    let mut sidecar = Sidecar::start("orders").await;
    let files = config(&sidecar, "2000");
    let gateway = tokio::task::block_in_place(|| {
        GatewayProcess::before(binary(), "dapr", &[("cloakroom.toml", &files)])
    });
    let app = Caller::connect(gateway.target().parse().unwrap()).await;
    let refused = app.call(START, &start()).await;
    assert_eq!(refused.code, "3", "{}", refused.message);
    assert!(refused.message.contains("receives no more than 2,000"), "{}", refused.message);
    assert!(sidecar.is_silent());
    // Zero and negative sizes mean no limit.
    for (size, expect) in
        [("\"16Ki\"", "0"), ("2000", "3"), ("0", "0"), ("2000", "3"), ("\"-1\"", "0")]
    {
        fs::write(gateway.folder().join("cloakroom.toml"), config(&sidecar, size)).unwrap();
        gateway.signal("HUP");
        until(async || {
            let answer = app.call(START, &start()).await;
            if answer.code == expect { Ok(()) } else { Err(format!("{size}: {}", answer.message)) }
        })
        .await;
    }
}

/// The stream of an app ends at once, also while a turn is held back. Dapr delivers again what was open.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_ends_ends_its_streams() {
    let mut sidecar = Sidecar::start("orders").await;
    let files = config(&sidecar, "\"4Mi\"");
    let gateway = tokio::task::block_in_place(|| {
        GatewayProcess::before(binary(), "dapr", &[("cloakroom.toml", &files)])
    });
    let app = Caller::connect(gateway.target().parse().unwrap()).await;
    let items = app.stream(&format!("{SERVICE}/GetWorkItems")).await;
    let mut sent = sidecar.stream().await;
    sent.send(&turn("held", LATER));
    tokio::task::block_in_place(|| {
        poll_until("the turn is held", || gateway.log().contains("held a task back"));
    });
    gateway.signal("TERM");
    assert_eq!(items.end().await, "14");
    tokio::task::block_in_place(|| {
        poll_until("the gateway has ended", || gateway.log().contains(" ended"));
    });
    assert!(sidecar.is_silent(), "the turn was answered");
}
