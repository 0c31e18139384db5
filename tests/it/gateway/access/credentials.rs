//! Credentials of the gateway for Temporal's frontend: TLS, and API keys.

use std::fs;

use super::{
    frontend::{Frontend, Reaction},
    *,
};

const TOKEN: &str = "token-of-the-till-7Hq2";

fn till() -> ConnectionOptions {
    let mut options = at("http://127.0.0.1:1");
    options.api_key = Some(TOKEN.to_owned());
    options
}

/// As at Temporal Cloud: TLS with a name of its own, a certificate of the gateway's, and an API key for
/// each namespace.
#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_injected_by_namespace() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let server = authority.server_named("shop.a1b2c.tmprl.example");
    let frontend = Frontend::with_tls(&authority, &server).await;
    authority.client("spiffe://acme/gateway", "gateway").write(folder.path(), "gateway");
    fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
    secret(folder.path(), "till", TOKEN);
    secret(folder.path(), "key", "key-of-all-namespaces\n");
    secret(folder.path(), "key-of-bank", "key-of-the-bank");
    let table = format!(
        r#"
        [gateway.temporal]
        upstream = "https://{}"
        api_key = {{ file = "DIR/key" }}
        api_keys = {{ bank = {{ file = "DIR/key-of-bank" }} }}

        [gateway.temporal.upstream_tls]
        ca = "DIR/ca.pem"
        certificate = "DIR/gateway.pem"
        key = "DIR/gateway.key"
        server_name = "shop.a1b2c.tmprl.example"

        [[gateway.temporal.identity]]
        name = "till"
        token = {{ file = "DIR/till" }}
        namespaces = ["shop", "bank"]
        "#,
        frontend.address
    );
    let cloakroom = opened(folder.path(), &table).await;
    let shown = format!("{:?}", cloakroom.temporal_gateway().unwrap());
    assert!(!shown.contains("key-of-all") && !shown.contains(TOKEN), "{shown}");
    let gateway = Served::start(&cloakroom).await;
    let mut options = till();
    options.target = gateway.url().parse().unwrap();
    let till = Connection::connect(options).await.unwrap();
    count(&till, "shop").await.unwrap();
    count(&till, "bank").await.unwrap();
    count(&till, "other").await.unwrap_err();
    let seen = frontend.seen("CountWorkflowExecutions");
    let keys: Vec<_> = seen.iter().map(|call| call.headers["authorization"].clone()).collect();
    assert_eq!(keys, ["Bearer key-of-all-namespaces", "Bearer key-of-the-bank"]);
    assert!(seen.iter().all(|call| call.scheme == "https"));
    gateway.end().await;
}

/// A frontend with a certificate for another name, or of another authority, gets no call.
#[tokio::test(flavor = "multi_thread")]
async fn a_frontend_that_is_not_trusted_gets_no_call() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, other) = (Authority::new(), Authority::new());
    let frontend = Frontend::with_tls(&authority, &authority.server()).await;
    authority.client("spiffe://acme/gateway", "gateway").write(folder.path(), "gateway");
    fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
    fs::write(folder.path().join("other.pem"), other.pem()).unwrap();
    let pair = "certificate = \"DIR/gateway.pem\", key = \"DIR/gateway.key\"";
    for tls in [
        format!("ca = \"DIR/other.pem\", {pair}"),
        format!("ca = \"DIR/ca.pem\", {pair}, server_name = \"elsewhere.example\""),
        "ca = \"DIR/ca.pem\"".to_owned(),
    ] {
        let mut table =
            format!("[gateway.temporal]\nupstream = \"https://{}\"\n", frontend.address);
        table += &format!("upstream_tls = {{ {tls} }}\n");
        if tls.contains("gateway.pem") {
            secret(folder.path(), "till", TOKEN);
            table += "[[gateway.temporal.identity]]\nname = \"till\"\nnamespaces = [\"*\"]\n\
                      token = { file = \"DIR/till\" }\n";
        }
        let gateway = Served::start(&opened(folder.path(), &table).await).await;
        let mut options = till();
        options.target = gateway.url().parse().unwrap();
        let refused = Connection::connect(options).await.map(drop).unwrap_err();
        let refused = format!("{refused:?}");
        assert!(refused.contains("is not available"), "{tls}: {refused}");
        gateway.end().await;
    }
    assert!(frontend.seen("GetSystemInfo").is_empty());
}

/// Without a key of the gateway's, the caller's own passes through.
#[tokio::test(flavor = "multi_thread")]
async fn the_callers_own_api_key_passes_through() {
    let (frontend, folder) = (Frontend::start().await, tempfile::tempdir().unwrap());
    let table = format!("[gateway.temporal]\nupstream = \"http://{}\"\n", frontend.address);
    let gateway = Served::start(&opened(folder.path(), &table).await).await;
    let mut options = till();
    options.target = gateway.url().parse().unwrap();
    options.api_key = Some("own-key".to_owned());
    count(&Connection::connect(options).await.unwrap(), "shop").await.unwrap();
    let seen = frontend.seen("CountWorkflowExecutions");
    assert_eq!(seen[0].headers["authorization"], "Bearer own-key");
    gateway.end().await;
}

/// A call that the frontend has refused to process is sent again; any other is not.
#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_not_processed_is_sent_again() {
    for (reaction, sent) in [(Reaction::Refuse, 2), (Reaction::Cancel, 1), (Reaction::Crash, 1)] {
        let folder = tempfile::tempdir().unwrap();
        let frontend = Frontend::reacting(None, move |call, nth| {
            let is_first = call.method == "CountWorkflowExecutions" && nth == 1;
            if is_first { reaction } else { Reaction::Answer }
        });
        let frontend = frontend.await;
        let table = format!("[gateway.temporal]\nupstream = \"http://{}\"\n", frontend.address);
        let gateway = Served::start(&opened(folder.path(), &table).await).await;
        let caller = Connection::connect(at(&gateway.url())).await.unwrap();
        let counted = count(&caller, "shop").await;
        assert_eq!(counted.is_ok(), sent == 2, "{counted:?}");
        assert_eq!(frontend.seen("CountWorkflowExecutions").len(), sent);
        gateway.end().await;
    }
}

/// A frontend that ends the connection names the last call that it has processed. Those behind it are
/// sent again.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_behind_the_last_one_that_was_processed_is_sent_again() {
    let (frontend, folder) = (Frontend::going_away().await, tempfile::tempdir().unwrap());
    let table = format!("[gateway.temporal]\nupstream = \"http://{}\"\n", frontend.address);
    let gateway = Served::start(&opened(folder.path(), &table).await).await;
    let caller = Connection::connect(at(&gateway.url())).await.unwrap();
    count(&caller, "shop").await.unwrap();
    assert_eq!(frontend.seen("GetSystemInfo").len(), 1);
    gateway.end().await;
}
