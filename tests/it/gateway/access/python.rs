//! Workers on the official Python SDK that authenticate.

use cloakroom_tests::rigs::{DevOptions, DevServer};
use serde_json::{Value, json};

use super::*;
use crate::{gateway::harness::parcel, scripts, worker::unique};

const TOKEN: &str = "token-of-python-7Hq2Zb";

/// A gateway that asks for a certificate or a token, before a server behind TLS as Temporal Cloud is.
fn table(edge: &Edge) -> String {
    format!(
        r#"
        [gateway.temporal]
        upstream = "https://{}"
        upstream_tls = {{ ca = "DIR/ca.pem", certificate = "DIR/gateway.pem", key = "DIR/gateway.key" }}
        tls = {{ certificate = "DIR/server.pem", key = "DIR/server.key", client_ca = "DIR/ca.pem" }}

        [[gateway.temporal.identity]]
        name = "python"
        san = ["spiffe://acme/python"]
        token = {{ file = "DIR/token" }}
        namespaces = ["default"]
        "#,
        edge.address
    )
}

fn ask(gateway: &Served, authority: &Authority, more: &Value) -> Value {
    let mut request = json!({
        "address": gateway.address.to_string(),
        "namespace": "default",
        "task_queue": unique("python-access"),
        "text": parcel(),
        "ca": authority.pem(),
        "certificate": null,
        "key": null,
        "api_key": null,
    });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    scripts::python("access.py", &request)
}

/// A certificate and a token are good for 3 MB each. Neither, or another namespace, is good for nothing.
#[tokio::test(flavor = "multi_thread")]
async fn python_connects_by_certificate_and_by_token() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let authority = Authority::new();
    let edge = Edge::start(&server, &authority).await;
    authority.server().write(folder.path(), "server");
    authority.client("spiffe://acme/gateway", "gateway").write(folder.path(), "gateway");
    fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
    secret(folder.path(), "token", TOKEN);
    let gateway = Served::start(&opened(folder.path(), &table(&edge)).await).await;
    let pair = authority.client("spiffe://acme/python", "python");
    let certificate = json!({ "certificate": pair.certificate, "key": pair.key });
    let token = json!({ "api_key": TOKEN });
    for good in [&certificate, &token] {
        let good = tokio::task::block_in_place(|| ask(&gateway, &authority, good));
        assert!(good["result"] == parcel(), "{}", good["error"]);
    }
    for wrong in [
        json!({}),
        json!({ "api_key": "wrong-token-of-nobody" }),
        json!({ "api_key": TOKEN, "namespace": "other" }),
    ] {
        let refused = tokio::task::block_in_place(|| ask(&gateway, &authority, &wrong));
        let error = refused["error"].as_str().expect("refused");
        assert!(
            error.contains("present a certificate") || error.contains("may not use"),
            "{error}"
        );
    }
    gateway.end().await;
}
