//! Services over HTTP: plugins reach what they were granted, and nothing else, with credentials that they
//! never see.

mod answers;
mod config;
mod rules;
mod secrets;
pub(crate) mod server;
mod tls;
mod wasi;

use std::{sync::Arc, time::Duration};

use cloakroom::{
    ByteSize, Error, ErrorKind, Pipeline,
    inspect::{Inspection, World},
    plugin::{
        Grants, HttpService, HttpServiceBuilder, Limits, PluginDriver, Reuse, Settings, Source,
    },
    storage::Offload,
};
use cloakroom_tests::{ROGUE_HTTP, assert_text, chain, ctx, host, noise, plain};
use expect_test::expect;

use self::server::{Reply, Server};

/// The secret that no plugin, error, log or history may hold.
const TOKEN: &str = "canary-token-0123456789";

/// A service at this URL, with the token.
fn service(url: &str) -> HttpServiceBuilder {
    HttpService::builder(url).with_secret_header("authorization", "Bearer ", TOKEN.as_bytes())
}

/// The driver with these settings. It may log, so that its own words are shown.
async fn driver(
    service: HttpServiceBuilder,
    settings: &[(&str, &str)],
    limits: Limits,
) -> Result<PluginDriver, Error> {
    let grants = Grants::none().with_service("store", Arc::new(service.build()?)).with_log();
    let plugin = host(limits).load(Source::bytes("rogue_http", ROGUE_HTTP), grants).await?;
    let settings: Settings =
        settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    plugin.driver(settings, Reuse::Warm).await
}

fn pipeline(driver: PluginDriver) -> Pipeline {
    let offload = Offload::new(ByteSize::kib(1)).with_driver("http", driver);
    let offload = offload.with_memory_cache(ByteSize::bytes(0));
    cloakroom_tests::pipeline().with_offload(offload).build().unwrap()
}

/// Sends one request of a plugin. Returns the error of its call, which says what came back.
async fn ask(service: HttpServiceBuilder, settings: &[(&str, &str)]) -> Error {
    ask_within(service, settings, Limits::default()).await
}

async fn ask_within(
    service: HttpServiceBuilder,
    settings: &[(&str, &str)],
    limits: Limits,
) -> Error {
    let driver = driver(service, settings, limits).await.unwrap();
    let sent = vec![plain(noise(3000))];
    pipeline(driver).encode(&ctx(), sent).await.map(drop).unwrap_err()
}

/// A request to GET a path.
fn get(path: &str) -> [(&str, &str); 2] {
    [("method", "GET"), ("path", path)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_is_stored_and_read_through_a_service() {
    let server = Server::objects(TOKEN).await;
    let driver = driver(service(&server.url()), &[], Limits::default()).await.unwrap();
    let pipeline = pipeline(driver);
    let sent = vec![plain(noise(3 << 20)), plain(noise(5000))];
    let stored =
        pipeline.encode(&ctx(), sent.clone()).await.map_err(|error| chain(&error)).unwrap();
    assert!(!format!("{stored:?}").contains(TOKEN));
    assert_eq!(pipeline.decode(&ctx(), stored).await.unwrap(), sent);
    let asked = server.asked();
    assert_eq!(asked.len(), 4);
    assert!(asked.iter().all(|asked| asked.contains(" /v1/o/")), "{asked:?}");
    assert!(asked[0].contains("content-type: application/x-protobuf\r\n"), "{}", asked[0]);
    // Two objects at once take two connections at most; reading takes no more.
    assert!(server.connections() <= 2, "{} connections", server.connections());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_is_the_cause_of_the_plugins_error() {
    for (status, kind, snapshot) in [
        (
            401,
            ErrorKind::Denied,
            expect![[r#"
                stage `storage http`, encoding payload 0, plugin `rogue_http`: HTTP 401: service `store` answered with HTTP 401: check the credentials and their permissions
            "#]],
        ),
        (
            404,
            ErrorKind::NotFound,
            expect![[r#"
                stage `storage http`, encoding payload 0, plugin `rogue_http`: the service has no such object: service `store` answered with HTTP 404
            "#]],
        ),
        (
            503,
            ErrorKind::Unavailable,
            expect![[r#"
                stage `storage http`, encoding payload 0, plugin `rogue_http`: the service failed: service `store` answered with HTTP 503
            "#]],
        ),
    ] {
        let server = Server::start(move |_| Reply::new(status, "", b"its own words")).await;
        let error = ask(service(&server.url()), &[]).await;
        assert_eq!(error.kind(), kind);
        assert_text(&chain(&error), &[&status.to_string()], &snapshot);
    }
}

/// A reused connection that the server has closed in between is replaced: nothing was sent on it. The
/// client may learn of the end only when it sends. Such a request could have arrived, so it is not
/// repeated, and its error says that trying again helps.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_closed_meanwhile_is_replaced() {
    let server = Server::start(|_| {
        let Reply::Bytes(bytes) = Reply::new(200, "", b"") else { unreachable!() };
        Reply::Last(bytes)
    })
    .await;
    let pipeline = pipeline(driver(service(&server.url()), &[], Limits::default()).await.unwrap());
    for size in 2000..2010 {
        while let Err(error) = pipeline.encode(&ctx(), vec![plain(noise(size))]).await {
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{}", chain(&error));
        }
    }
    assert!(server.asked().len() >= 10);
    assert!(server.connections() >= 10, "each answer ends its connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_while_a_plugin_is_loaded() {
    let server = Server::objects(TOKEN).await;
    let settings = [("method", "GET"), ("path", "o/1"), ("early", "yes")];
    let loaded = driver(service(&server.url()), &settings, Limits::default()).await;
    let error = loaded.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_text(
        &chain(&error),
        &["while loading"],
        &expect![[r#"
            plugin `rogue_http`: services cannot be used while loading
        "#]],
    );
    assert_eq!(server.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_needs_a_grant() {
    let host = host(Limits::default());
    let source = || Source::bytes("rogue_http", ROGUE_HTTP);
    assert_eq!(Inspection::from_source(&source()).unwrap().world, Some(World::HttpStorage));
    let error = host.load(source(), Grants::none()).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingGrant);
    assert_text(
        &chain(&error),
        &["cloakroom:plugin/http@", "Grants::with_service"],
        &expect![[r#"
            plugin `rogue_http`: imports `cloakroom:plugin/http@0.1.1`, which was not granted: grant a service, or build the plugin without HTTP (componentize-js: `disableFeatures: ['http', 'fetch-event']`) (`Grants::with_service`)
        "#]],
    );
    let error = driver(service("http://127.0.0.1:9/"), &[("service", "other")], Limits::default());
    let error = error.await.map(drop).unwrap_err();
    assert_text(
        &chain(&error),
        &["`store`"],
        &expect![[r#"
            plugin `rogue_http`: service `other` was not granted to this plugin; granted: `store`
        "#]],
    );
}

/// The plugin's call ends with its own time, and the service's setting ends a request sooner.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_silent_keeps_nobody() {
    let server = Server::start(|_| Reply::Silence).await;
    let soon = service(&server.url()).with_timeout(Duration::from_millis(100));
    let error = ask(soon, &get("o/1")).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_text(
        &chain(&error),
        &["service `store`"],
        &expect![[r#"
            stage `storage http`, encoding payload 0, plugin `rogue_http`: service `store`: no answer within the 100ms of a request
        "#]],
    );
    let limits = Limits { driver_time: Duration::from_millis(300), ..Limits::default() };
    let error = ask_within(service(&server.url()), &get("o/1"), limits).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{}", chain(&error));
    assert!(error.to_string().contains("300ms"), "{error}");
}
