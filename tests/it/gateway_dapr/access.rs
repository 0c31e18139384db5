//! Callers that may connect, and the credentials of the gateway for the sidecar.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use serde_json::json;

use super::*;
use crate::{
    gateway::access::{Authority, Pair, server_config},
    scripts::python,
};

const START: &str = "/TaskHubSidecarService/StartInstance";

/// A call of the sidecar that is none of the workflow engine's.
const OTHER: &str = "/dapr.proto.runtime.v1.Dapr/GetState";

/// The token that the app presents to the gateway.
const KNOWN: &str = "token-of-the-orders-Ta8";

/// Returns what a client by TLS presents.
fn client(authority: &Authority, pair: Option<&Pair>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots);
    let mut config = match pair {
        None => config.with_no_client_auth(),
        Some(pair) => {
            let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

fn start(input: &str) -> Vec<u8> {
    let input = Some(input.to_owned());
    let start =
        CreateInstanceRequest { instance_id: "one".to_owned(), input, ..Default::default() };
    start.encode_to_vec()
}

/// Returns the code with which a call fails, or `unanswered`.
async fn code(address: SocketAddr, tls: ClientConfig) -> String {
    match Caller::connect_tls(address, tls).await {
        Err(_) => "unanswered".to_owned(),
        Ok(app) if app.refused(OTHER).await.is_some() => "unanswered".to_owned(),
        Ok(app) => app.call(START, &start("1")).await.code,
    }
}

/// The gateway asks the app for a certificate, and the sidecar asks the gateway for one.
#[tokio::test(flavor = "multi_thread")]
async fn both_sides_know_each_other_by_certificates() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let sidecar =
        Sidecar::start_with("orders", Some(server_config(&authority, &authority.server()))).await;
    authority.server().write(folder.path(), "server");
    authority.client("spiffe://acme/gateway", "gateway").write(folder.path(), "gateway");
    fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
    let table = r#"
        tls = { certificate = "DIR/server.pem", key = "DIR/server.key", client_ca = "DIR/ca.pem" }
        upstream_tls = { ca = "DIR/ca.pem", certificate = "DIR/gateway.pem", key = "DIR/gateway.key" }

        [[gateway.dapr.identity]]
        name = "orders"
        san = ["spiffe://acme/orders"]
    "#;
    let table = table.replace("DIR", folder.path().to_str().unwrap());
    let mut served = Served::before(sidecar, &stages(false), &table).await;
    let known = authority.client("spiffe://acme/orders", "any");
    let app = Caller::connect_tls(served.address, client(&authority, Some(&known))).await.unwrap();
    let answer = app.call(START, &start(&parcel(3000))).await;
    assert_eq!(answer.code, "0", "{}", answer.message);
    let got = served.sidecar.next(START).await;
    let input = CreateInstanceRequest::decode(got.message).unwrap().input.unwrap();
    assert!(input.starts_with("\"cloakroom:v1:"), "{input}");
    for (pair, expect) in [
        (Some(authority.client("spiffe://acme/other", "any")), "16"),
        (Some(Authority::new().client("spiffe://acme/orders", "any")), "unanswered"),
        (Some(authority.expired("spiffe://acme/orders")), "unanswered"),
        (None, "unanswered"),
    ] {
        let refused = code(served.address, client(&authority, pair.as_ref())).await;
        assert_eq!(refused, expect);
    }
    assert!(served.sidecar.is_silent(), "a stranger reached the sidecar");

    // A sidecar that the gateway does not trust gets no call.
    let other = Authority::new();
    let sidecar = Sidecar::start_with("orders", Some(server_config(&other, &other.server())));
    let mut served = Served::before(sidecar.await, &stages(false), &table).await;
    let app = Caller::connect_tls(served.address, client(&authority, Some(&known))).await.unwrap();
    for path in [START, OTHER] {
        let refused = app.call(path, &start("1")).await;
        assert_eq!(refused.code, "14", "{}", refused.message);
    }
    assert!(served.sidecar.is_silent());
}

/// A token for the gateway stays here. The one for the sidecar passes, and without it the sidecar refuses
/// what the gateway asks itself.
#[tokio::test(flavor = "multi_thread")]
async fn each_token_is_for_one_of_the_two() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("token"), KNOWN).unwrap();
    let table = format!(
        "[[gateway.dapr.identity]]\nname = \"orders\"\ntoken = {{ file = \"{}/token\" }}\n",
        folder.path().display()
    );
    let mut served = Served::with(STAGE, &table).await;
    let bearer = format!("Bearer {KNOWN}");
    let no_token = Caller::connect(served.address).await.without_headers();
    let refused = no_token.with("authorization", &bearer).call(START, &start("1")).await;
    assert_eq!(refused.code, "16", "the sidecar's own refusal: {}", refused.message);
    for wrong in [None, Some("Bearer wrong"), Some(&bearer[..bearer.len() - 1])] {
        let mut app = Caller::connect(served.address).await;
        if let Some(wrong) = wrong {
            app = app.with("authorization", wrong);
        }
        for path in [START, OTHER] {
            let refused = app.call(path, &start("1")).await;
            assert_eq!(refused.code, "16", "{}", refused.message);
            assert!(refused.message.contains("present a certificate or a token"));
        }
    }
    assert!(served.sidecar.is_silent());
    let app = Caller::connect(served.address).await.with("authorization", &bearer);
    for path in [START, OTHER] {
        assert_eq!(app.call(path, &start("1")).await.code, "0");
        let got = served.sidecar.next(path).await;
        assert_eq!(got.headers["dapr-api-token"], TOKEN);
        assert!(!got.headers.contains_key("authorization"), "the sidecar learns the token");
    }
}

/// The claim of a signed token names apps. It opens no sidecar of another, for no call.
#[tokio::test(flavor = "multi_thread")]
async fn a_signed_token_opens_its_apps_alone() {
    let folder = tempfile::tempdir().unwrap();
    let asked = json!({ "audience": "a", "issuer": "i" });
    let made = tokio::task::block_in_place(|| python("tokens.py", &asked));
    fs::write(folder.path().join("jwks.json"), made["keys"].to_string()).unwrap();
    let table = format!(
        "jwt = {{ keys = \"{}/jwks.json\", audience = \"a\", issuer = \"i\", namespaces = \
         \"namespaces\" }}\n",
        folder.path().display()
    );
    let mut served = Served::with(STAGE, &table).await;
    for (name, expect) in [("for one namespace", "7"), ("for two namespaces", "0")] {
        let bearer = format!("Bearer {}", made["good"][name].as_str().unwrap());
        let app = Caller::connect(served.address).await.with("authorization", &bearer);
        for path in [OTHER, START] {
            let answer = app.call(path, &start("1")).await;
            assert_eq!(answer.code, expect, "{name}, {path}: {}", answer.message);
            if expect == "0" {
                served.sidecar.next(path).await;
            }
        }
        assert!(served.sidecar.is_silent());
    }
}

/// Each gateway of a process learns whom a changed file takes away, also while the rest of it is broken.
#[tokio::test(flavor = "multi_thread")]
async fn every_gateway_of_a_process_is_restricted() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("token"), KNOWN).unwrap();
    let identity = |engine: &str, more: &str| {
        format!(
            "[[gateway.{engine}.identity]]\nname = \"one\"\ntoken = {{ file = \"{}/token\" }}\n{more}",
            folder.path().display()
        )
    };
    let temporal = "[gateway.temporal]\nupstream = \"http://127.0.0.1:1\"\n".to_owned()
        + &identity("temporal", "namespaces = [\"shop\"]\n");
    let served = Served::with(&(STAGE.to_owned() + &temporal), &identity("dapr", "")).await;
    let (_, settings) = served.cloakroom.temporal_gateway().unwrap();
    let other = cloakroom::temporal::gateway::Gateway::builder(served.cloakroom.clone(), settings);
    let (other, gateway) = (other.build(), served.gateway.clone());
    let restricted = Arc::new(Mutex::new(Vec::new()));
    let (one, two) = (restricted.clone(), restricted.clone());
    served.cloakroom.on_dapr_gateway_callers(move |written| {
        one.lock().unwrap().push(("dapr", gateway.restrict(written.unwrap())));
    });
    served.cloakroom.on_gateway_callers(move |written| {
        two.lock().unwrap().push(("temporal", other.restrict(written.unwrap())));
    });
    let app = Caller::connect(served.address).await;
    let app = app.with("authorization", &format!("Bearer {KNOWN}"));
    assert_eq!(app.call(START, &start("1")).await.code, "0");
    fs::write(folder.path().join("token"), "another-token-of-somebody").unwrap();
    let table = format!("[gateway.dapr]\nupstream = \"{}\"\n", served.sidecar.url());
    let broken = "[[stage]]\nplugin = \"file:missing.wasm\"\n".to_owned() + &temporal + &table;
    let replaced = served.cloakroom.replace(opened(broken + &identity("dapr", ""))).await;
    replaced.unwrap_err();
    assert_eq!(*restricted.lock().unwrap(), [("dapr", true), ("temporal", true)]);
    assert_eq!(app.call(START, &start("1")).await.code, "16");
}
