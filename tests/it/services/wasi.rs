//! `wasi:http`, as ordinary clients use it: the same services under the same rules.

use cloakroom_tests::ROGUE_FETCH;

use super::*;

async fn fetcher(
    service: HttpServiceBuilder,
    settings: &[(&str, &str)],
    limits: Limits,
) -> Result<PluginDriver, Error> {
    let grants = Grants::none().with_service("store", Arc::new(service.build()?)).with_log();
    let plugin = host(limits).load(Source::bytes("fetch", ROGUE_FETCH), grants).await?;
    let settings: Settings =
        settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    plugin.driver(settings, Reuse::Warm).await
}

async fn fetch(service: HttpServiceBuilder, settings: &[(&str, &str)]) -> Error {
    let driver = fetcher(service, settings, Limits::default()).await.unwrap();
    pipeline(driver).encode(&ctx(), vec![plain(noise(3000))]).await.map(drop).unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_is_stored_and_read_by_an_ordinary_client() {
    let server = Server::objects(TOKEN).await;
    let url = server.url();
    let driver = fetcher(service(&url), &[("url", &url)], Limits::default()).await;
    let pipeline = pipeline(driver.map_err(|error| chain(&error)).unwrap());
    let sent = vec![plain(noise(300_000)), plain(noise(2000))];
    let stored =
        pipeline.encode(&ctx(), sent.clone()).await.map_err(|error| chain(&error)).unwrap();
    assert_eq!(pipeline.decode(&ctx(), stored).await.unwrap(), sent);
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_else_is_reached() {
    let (server, other) = (Server::objects(TOKEN).await, Server::objects(TOKEN).await);
    let inside = |path: &str| format!("{}{path}", server.url());
    let (address, elsewhere) = (server.address, other.address);
    for url in [
        other.url(),
        format!("http://{address}/admin"),
        format!("http://{address}/v1"),
        format!("https://{address}/v1/o/1"),
        format!("http://{address}@{elsewhere}/v1/o/1"),
        format!("http://user@{address}/v1/o/1"),
        format!("http://localhost:{}/v1/o/1", address.port()),
        inside("../admin"),
        inside("%2e%2e/admin"),
        inside("a//b"),
        inside("..%2fadmin"),
        inside("..;/admin"),
    ] {
        let error = fetch(service(&server.url()), &[("fetch", &url)]).await;
        assert_eq!(error.kind(), ErrorKind::Denied, "{url}: {}", chain(&error));
    }
    for (method, header) in [
        ("TRACE", ""),
        ("TRACK", ""),
        ("GET", "authorization:Bearer mine"),
        ("GET", "te:trailers"),
        ("GET", "x-forwarded-for:127.0.0.1"),
    ] {
        let settings = [("fetch", &*inside("o/1")), ("method", method), ("header", header)];
        let error = fetch(service(&server.url()), &settings).await;
        assert_eq!(error.kind(), ErrorKind::Denied, "{method} {header}: {}", chain(&error));
    }
    assert_eq!((server.asked().len(), other.connections()), (0, 0));
    let error = fetch(service("http://store.example/v1/"), &[("fetch", &other.url())]).await;
    assert_text(
        &chain(&error),
        &["http://store.example/v1/"],
        &expect![[r#"
            stage `storage http`, encoding payload 0, plugin `fetch`: HttpRequestDenied: an HTTP request lies under the URL of no granted service; granted: `http://store.example/v1/`
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn its_answers_are_held_to_the_same_rules() {
    let echo = Server::start(|asked| {
        let token = asked.head.lines().find(|line| line.starts_with("authorization")).unwrap();
        Reply::new(200, "", token.as_bytes())
    })
    .await;
    let error = fetch(service(&echo.url()), &[("fetch", &echo.url())]).await;
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(chain(&error).contains("repeats a secret"), "{}", chain(&error));
    assert!(!chain(&error).contains(TOKEN), "{}", chain(&error));
    let endless =
        Server::start(|_| Reply::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 1 << 16]))
            .await;
    let url = endless.url();
    let limits = Limits { output: ByteSize::mib(2), ..Limits::default() };
    let driver = fetcher(service(&url), &[("fetch", &url)], limits).await.unwrap();
    let error = pipeline(driver).encode(&ctx(), vec![plain(noise(3000))]).await.map(drop);
    let error = error.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::LimitExceeded(_)), "{}", chain(&error));
    let moved = Server::start(|_| Reply::new(302, "location: http://elsewhere/\r\n", b"")).await;
    let error = fetch(service(&moved.url()), &[("fetch", &moved.url())]).await;
    assert!(chain(&error).contains("got 302"), "{}", chain(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_needs_a_grant_and_a_payload() {
    let host = host(Limits::default());
    let loaded = host.load(Source::bytes("fetch", ROGUE_FETCH), Grants::none()).await;
    let error = loaded.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingGrant, "{}", chain(&error));
    assert!(chain(&error).contains("wasi:http/outgoing-handler@0.2"), "{}", chain(&error));
    let server = Server::objects(TOKEN).await;
    let settings = [("fetch", &*server.url()), ("early", "yes")];
    let loaded = fetcher(service(&server.url()), &settings, Limits::default()).await;
    let error = loaded.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{}", chain(&error));
    assert_eq!(server.connections(), 0);
}
