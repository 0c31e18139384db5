//! The codec server, asked as the Web UI and the command line ask, and as nobody should.

mod budget;
pub(crate) mod client;
pub(crate) mod command;
mod config;
mod connections;
mod hostile;
mod hostile_clients;
mod keys;
mod log;
mod open;
mod operate;
mod restrict;
mod tls;

use std::{net::SocketAddr, path::Path};

use cloakroom::{Cloakroom, Payload};
use cloakroom_temporal::{
    json,
    server::{Address, Auth, CodecServer, Listener, ServerSettings},
};
use cloakroom_tests::{assert_text, plain};
use expect_test::expect;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use self::client::{ask, post};
use crate::{
    scripts::python,
    worker::{in_folder, opening},
};

/// A server that serves until it is dropped.
struct Served {
    address: SocketAddr,
    cloakroom: Cloakroom,
    server: CodecServer,
    end: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Served {
    async fn start(folder: &Path, settings: ServerSettings) -> Self {
        let cloakroom = opening(&in_folder("local", folder)).open().await.unwrap();
        Self::serve(cloakroom, settings).await
    }

    async fn serve(cloakroom: Cloakroom, settings: ServerSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self::listen(cloakroom, settings, address, listener.into()).await
    }

    /// Serves at a Unix socket.
    async fn start_at(folder: &Path, settings: ServerSettings, socket: &Path) -> Self {
        let cloakroom = opening(&in_folder("local", folder)).open().await.unwrap();
        let listener = Address::Unix(socket.to_owned()).bind().await.unwrap();
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        Self::listen(cloakroom, settings, nowhere, listener).await
    }

    async fn listen(
        cloakroom: Cloakroom,
        settings: ServerSettings,
        address: SocketAddr,
        listener: Listener,
    ) -> Self {
        let server = CodecServer::new(cloakroom.clone(), settings);
        let (end, ended) = oneshot::channel::<()>();
        let serving = server.clone();
        let serving = tokio::spawn(async move {
            let ended = async { drop(ended.await) };
            serving.serve(listener, ended).await.unwrap();
        });
        Self { address, cloakroom, server, end: Some(end), serving }
    }

    /// Ends it, and waits until it has.
    async fn end(mut self) {
        drop(self.end.take());
        self.serving.await.unwrap();
    }
}

fn text(payloads: &[Payload]) -> String {
    String::from_utf8(json::write(payloads).unwrap()).unwrap()
}

fn sent() -> Vec<Payload> {
    vec![plain("\"hi\""), plain(hex::encode(cloakroom_tests::noise(400_000)))]
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_there_and_back_below_any_path() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), ServerSettings::default()).await;
    let encoded = post(served.address, "/default/encode", &[], &text(&sent()));
    assert_eq!(encoded.status, 200);
    assert_eq!(encoded.header("content-type"), Some("application/json"));
    let references = json::read(encoded.body.as_bytes()).unwrap();
    assert_eq!(references[0].encoding(), Some("binary/sealed"));
    assert_eq!(references[1].encoding(), Some("json/protobuf"));
    for path in ["/decode", "/ns/default/decode?preserveStorageRefs=false"] {
        let decoded = post(served.address, path, &[("x-namespace", "default")], &encoded.body);
        assert_eq!(json::read(decoded.body.as_bytes()).unwrap(), sent());
    }
    // An empty list, as protobuf writes it and as `temporal` does.
    for none in ["{\"payloads\":[]}", "{}"] {
        assert_eq!(post(served.address, "/decode", &[], none).body, "{\"payloads\":[]}\n");
    }
    post(served.address, "/decode", &[], "{\"foo\":1}").refuses(
        400,
        &[],
        &expect![[r#"
            not Payloads JSON, because it has no `payloads`: expected {"payloads":[{"metadata":{…},"data":"…"}]}
        "#]],
    );
    post(served.address, "/decode", &[], "{\"events\":[]}").refuses(
        400,
        &["explain --history FILE"],
        &expect![[r#"
            this is an exported history (`events`), not Payloads JSON: use `cloakroom explain --history FILE`
        "#]],
    );
    served.end().await;
}

/// The Web UI wants references as they are, and sends the same query where it wants the object.
#[tokio::test(flavor = "multi_thread")]
async fn references_are_kept_or_downloaded() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), ServerSettings::default()).await;
    let encoded = post(served.address, "/encode", &[], &text(&sent()));
    let kept = post(served.address, "/decode?preserveStorageRefs=true", &[], &encoded.body);
    let shown = json::read(kept.body.as_bytes()).unwrap();
    assert_eq!(shown[0], sent()[0]);
    let reference: Value = serde_json::from_slice(&shown[1].data).unwrap();
    assert_eq!(reference["driverName"], "local");

    // As Go spells it: snake case, and numbers.
    let one = text(&shown[1..]).replace("externalPayloads", "external_payloads");
    let size = shown[1].external_sizes[0];
    let one = one.replace(&format!("\"sizeBytes\":\"{size}\""), &format!("\"size_bytes\":{size}"));
    assert!(one.contains("size_bytes"));
    for body in [&one, &text(&shown[1..])] {
        let file = post(served.address, "/download?preserveStorageRefs=true", &[], body);
        assert_eq!(json::read(file.body.as_bytes()).unwrap(), sent()[1..]);
    }
    let both = post(served.address, "/download", &[], &encoded.body);
    both.refuses(
        400,
        &[],
        &expect![[r#"
            all payloads must be references to stored objects: /download takes nothing else
        "#]],
    );
    std::fs::remove_dir_all(folder.path().join("v0")).unwrap();
    let cold = Served::start(folder.path(), ServerSettings::default()).await;
    // 404 would tell the Web UI that nothing can be downloaded here.
    post(cold.address, "/download", &[], &one).refuses(410, &["storage local"], &expect![[r#"
        stage `storage local`, decoding payload N, plugin `file`: bucket `[folder]`, key `v0/d/sha256/[digest]`: no such object: it expired, was deleted, or is in another bucket
    "#]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_listed_origins_may_ask_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = ServerSettings::default();
    let ui = "http://localhost:8233";
    settings.origins.push(ui.to_owned());
    let served = Served::start(folder.path(), settings.clone()).await;
    let preflight = |origin| {
        let asks = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type,x-namespace"),
        ];
        ask(served.address, "OPTIONS /decode?preserveStorageRefs=true", &asks, b"")
    };
    let allowed = preflight(ui);
    assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (200, Some(ui)));
    let headers = allowed.header("access-control-allow-headers").unwrap();
    for header in ["content-type", "x-namespace", "authorization", "authorization-extras"] {
        assert!(headers.contains(header), "{headers}");
    }
    assert_eq!(allowed.header("access-control-allow-credentials"), None);
    // Another, one that begins alike, and what a page has whose address was rebound.
    for (origin, snapshot) in [
        (
            "http://evil.example",
            expect![[r#"
                this page may not ask: add its origin (`ServerSettings::origins`)
            "#]],
        ),
        (
            "http://localhost:82333",
            expect![[r#"
                this page may not ask: add its origin (`ServerSettings::origins`)
            "#]],
        ),
        (
            "null",
            expect![[r#"
                this page may not ask: add its origin (`ServerSettings::origins`)
            "#]],
        ),
    ] {
        assert_eq!(preflight(origin).header("access-control-allow-origin"), None);
        let refused = post(served.address, "/decode", &[("origin", origin)], "{}");
        refused.refuses(403, &["ServerSettings::origins"], &snapshot);
        assert_eq!(refused.header("access-control-allow-origin"), None);
    }
    // A page can read why it was refused.
    let answered = post(served.address, "/decode", &[("origin", ui)], "{");
    answered.refuses(
        400,
        &[],
        &expect![[r#"
        not Payloads JSON (line 1, column 1): expected {"payloads":[{"metadata":{…},"data":"…"}]}
    "#]],
    );
    assert_eq!(answered.header("access-control-allow-origin"), Some(ui));

    // From the next request on.
    settings.origins = vec!["https://ui.example".to_owned()];
    settings.credentials = true;
    served.server.swap(settings).unwrap();
    assert_eq!(preflight(ui).header("access-control-allow-origin"), None);
    let allowed = preflight("https://ui.example");
    assert_eq!(allowed.header("access-control-allow-credentials"), Some("true"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = ServerSettings::default();
    settings.auth = Auth::default().with_token("a secret of operators\n").unwrap();
    let served = Served::start(folder.path(), settings).await;
    let with = |value: &str| post(served.address, "/decode", &[("authorization", value)], "{}");
    for value in ["Bearer a secret of operators", "bearer  a secret of operators "] {
        assert_eq!(with(value).status, 200);
    }
    for value in ["Bearer a secret of operator", "Bearer", "Basic a secret of operators", "x"] {
        let refused = with(value);
        refused.refuses(
            401,
            &["Bearer"],
            &expect![[r#"
                send `Authorization: Bearer` with a token that is valid here
            "#]],
        );
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    }
    assert_eq!(post(served.address, "/nowhere", &[], "").status, 401);
    assert_eq!(ask(served.address, "GET /metrics", &[], b"").status, 401);
    assert_eq!(ask(served.address, "GET /healthz", &[], b"").status, 200);
    assert!(Auth::default().with_token("short").is_err());
    assert!(!format!("{:?}", served.server).contains("operators"));
}

/// Signed by another implementation.
#[tokio::test(flavor = "multi_thread")]
async fn signed_tokens() {
    let (audience, issuer) = ("cloakroom", "https://issuer.example");
    let made = python("tokens.py", &json!({ "audience": audience, "issuer": issuer }));
    let mut settings = ServerSettings::default();
    let keys = made["keys"].to_string();
    let of = |keys: &str| {
        Auth::default().with_key_set(keys.as_bytes(), Some(audience.into()), Some(issuer.into()))
    };
    settings.auth = of(&keys).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), settings).await;
    let status = |token: &Value| {
        let bearer = format!("Bearer {}", token.as_str().unwrap());
        post(served.address, "/decode", &[("authorization", &bearer)], "{}").status
    };
    for (name, token) in made["good"].as_object().unwrap() {
        assert_eq!(status(token), 200, "{name}");
    }
    for (name, token) in made["bad"].as_object().unwrap() {
        assert_eq!(status(token), 401, "{name}");
    }
    assert!(made["bad"].as_object().unwrap().len() > 10);
    for wrong in [
        "{\"keys\":[]}",
        "[]",
        "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"x\",\"k\":\"c2VjcmV0IHNlY3JldCBzZWNyZXQ\"}]}",
    ] {
        assert!(of(wrong).is_err(), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_not_served_without_a_token() {
    let cloakroom = opening("").open().await.unwrap();
    let server = CodecServer::new(cloakroom.clone(), ServerSettings::default());
    let everywhere = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = server.serve(everywhere, std::future::pending()).await.unwrap_err();
    assert_text(
        &refused.to_string(),
        &["Auth::with_token", "ServerSettings::anonymous"],
        &expect![[r#"
            everybody who reaches 0.0.0.0:[port] could decode everything: ask for a token, listen on 127.0.0.1 or a Unix socket, or admit everybody if something else restricts access (`Auth::with_token`, `Auth::with_key_set`, `ServerSettings::anonymous`)
        "#]],
    );

    let mut settings = ServerSettings::default();
    settings.auth = Auth::default().with_token("a secret of operators").unwrap();
    let server = CodecServer::new(cloakroom, settings);
    let everywhere = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let here = SocketAddr::from(([127, 0, 0, 1], everywhere.local_addr().unwrap().port()));
    let serving = server.clone();
    tokio::spawn(async move { serving.serve(everywhere, std::future::pending()).await });
    assert_eq!(ask(here, "GET /healthz", &[], b"").status, 200);
    // Nor is it opened to them by a swap.
    assert!(server.swap(ServerSettings::default()).is_err());
    for origin in ["*", "http://*.example", "localhost:8233", "http://localhost:8233/", "null"] {
        let mut settings = ServerSettings::default();
        settings.auth = Auth::default().with_token("a secret of operators").unwrap();
        settings.origins = vec![origin.to_owned()];
        assert!(server.swap(settings).is_err(), "{origin}");
    }
}
