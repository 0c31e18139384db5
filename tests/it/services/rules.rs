//! Requests that leave the grant: other hosts, other paths, headers of the host.

use super::*;

/// A service whose other paths hold what no plugin may read.
async fn guarded() -> Server {
    Server::start(|asked| {
        let is_inside = asked.path().starts_with("/v1/");
        Reply::new(if is_inside { 200 } else { 299 }, "", b"")
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_leads_out_of_the_prefix() {
    let (server, other) = (guarded().await, guarded().await);
    let elsewhere = format!("http://{}/v1/x", other.address);
    let authority = format!("//{}/x", other.address);
    let paths = [
        "../admin",
        "..",
        "a/../../admin",
        "%2e%2e/admin",
        "%2E%2E%2Fadmin",
        ".%2e/admin",
        "%252e%252e%252fadmin",
        "a//b",
        "a%2f%2fb",
        "/admin",
        "//admin",
        "\\admin",
        "..\\admin",
        "..%5cadmin",
        "..;/admin",
        "..;a=b/admin",
        "a#b",
        "a b",
        "a\r\nx: y",
        "a%0d%0ax:%20y",
        "a HTTP/1.1\r\nhost: other\r\n\r\nGET /admin",
        "\u{e9}",
        "a\u{2215}b",
        "%c0%ae%c0%ae/admin",
        "%ef%bc%8e%ef%bc%8e/admin",
        "%u002e%u002e/admin",
        "a%00",
        &elsewhere,
        &authority,
        "@other.example/x",
        "?a=%0d%0ab",
    ];
    for path in paths {
        let error = ask(service(&server.url()), &get(path)).await;
        if path == "@other.example/x" {
            // A character like any other, behind the authority.
            assert!(chain(&error).contains("got 200"), "{}", chain(&error));
            continue;
        }
        assert_eq!(error.kind(), ErrorKind::Denied, "{path}: {}", chain(&error));
        assert!(chain(&error).contains("service `store`: the "), "{}", chain(&error));
    }
    assert_eq!((server.asked().len(), other.connections()), (1, 0));
    let error = ask(service(&server.url()), &get("../admin")).await;
    assert_text(
        &chain(&error),
        &["`store`"],
        &expect![[r#"
            stage `storage http`, encoding payload 0, plugin `rogue_http`: service `store`: the path of a request has a segment of dots
        "#]],
    );
}

/// A path passes as it is written: it is not normalised, decoded or encoded.
#[tokio::test(flavor = "multi_thread")]
async fn a_path_within_the_prefix_arrives_unchanged() {
    let server = guarded().await;
    for path in ["", "a/b/", "a%2Fb%20c?d=e%26f&g=h/i?j", "a;b=c/d:e@f,g", "100%25"] {
        let error = ask(service(&server.url()), &get(path)).await;
        assert!(chain(&error).contains("got 200"), "{path}: {}", chain(&error));
        let asked = server.asked().pop().unwrap();
        assert!(asked.starts_with(&format!("GET /v1/{path} HTTP/1.1")), "{asked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_and_methods_of_the_host_are_refused() {
    let server = guarded().await;
    let address = server.address;
    for header in [
        "host: other.example",
        "Host:other.example",
        "connection:close",
        "content-length:0",
        "transfer-encoding:chunked",
        "Transfer_Encoding:chunked",
        "te:trailers",
        "upgrade:websocket",
        "expect:100-continue",
        "proxy-authorization:Basic x",
        "accept-encoding:gzip",
        "x-forwarded-for:127.0.0.1",
        "authorization:Bearer mine",
        "AUTHORIZATION:Bearer mine",
        "x-a:b\r\nhost: other.example",
        "x-a:b\nx-c: d",
        "x-a\r\nx-b:c",
        "x a:b",
        ":b",
        "x-a:\u{e9}",
    ] {
        let settings = [("method", "GET"), ("path", "o/1"), ("header", header)];
        let error = ask(service(&server.url()), &settings).await;
        assert_eq!(error.kind(), ErrorKind::Denied, "{header}: {}", chain(&error));
    }
    for method in
        ["TRACE", "trace", "CONNECT", "TRACK", "GET /v1/x HTTP/1.1\r\n\r\nGET", "", "G\u{c9}T"]
    {
        let error = ask(service(&server.url()), &[("method", method), ("path", "o/1")]).await;
        assert_eq!(error.kind(), ErrorKind::Denied, "{method}: {}", chain(&error));
    }
    assert_eq!(server.asked().len(), 0);
    let settings = [("method", "PROPFIND"), ("path", "o/1"), ("header", "Depth:1")];
    ask(service(&server.url()), &settings).await;
    let asked = server.asked().pop().unwrap();
    assert!(asked.starts_with("PROPFIND /v1/o/1 HTTP/1.1\n"), "{asked}");
    for line in ["depth: 1", &format!("authorization: Bearer {TOKEN}"), &format!("host: {address}")]
    {
        assert!(asked.contains(&format!("{line}\r\n")), "{line}: {asked}");
    }
}

/// The prefix of another service, and headers of its own, are no business of the first.
#[tokio::test(flavor = "multi_thread")]
async fn an_underscore_replaces_no_header_of_the_host() {
    let server = guarded().await;
    let keyed = || {
        HttpService::builder(&server.url()).with_secret_header("x-api-key", "", TOKEN.as_bytes())
    };
    for header in ["x-api-key:mine", "x_api_key:mine", "X-Api_Key:mine"] {
        let settings = [("method", "GET"), ("path", "o/1"), ("header", header)];
        let error = ask(keyed(), &settings).await;
        assert_eq!(error.kind(), ErrorKind::Denied, "{header}");
        assert!(!chain(&error).contains("mine"), "{}", chain(&error));
    }
    assert_eq!(server.asked().len(), 0);
}
