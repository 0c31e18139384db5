//! Answers of a hostile or broken service: elsewhere, without end, false, or no HTTP.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_an_answer_and_not_followed() {
    let other = Server::start(|_| Reply::new(200, "", b"another host")).await;
    let location = format!("location: {}\r\n", other.url());
    let server = Server::start(move |_| Reply::new(307, &location, b"")).await;
    let error = ask(service(&server.url()), &get("o/1")).await;
    assert!(chain(&error).contains("got 307"), "{}", chain(&error));
    assert!(chain(&error).contains(&format!("location={}", other.url())), "{}", chain(&error));
    let error = ask(service(&server.url()), &[]).await;
    assert_text(
        &chain(&error),
        &["307", "redirects are not followed"],
        &expect![[r#"
            stage `storage http`, encoding payload 0, plugin `rogue_http`: HTTP 307: service `store` answered with HTTP 307; redirects are not followed: correct its URL
        "#]],
    );
    assert_eq!(other.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_bounded_before_it_is_read() {
    let announced = "HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    let until_closed = "HTTP/1.1 200 OK\r\n\r\n";
    for (head, more) in [(announced, "x"), (chunked, &*chunk), (until_closed, "xxxxxxxxxx")] {
        let (head, more) = (head.as_bytes().to_vec(), more.as_bytes().to_vec());
        let server = Server::start(move |_| Reply::Endless(head.clone(), more.clone())).await;
        let settings = [("method", "GET"), ("path", "o/1"), ("limit", "100000")];
        let error = ask(service(&server.url()), &settings).await;
        assert!(matches!(error.kind(), ErrorKind::LimitExceeded(_)), "{}", chain(&error));
        assert_text(
            &chain(&error),
            &["100000 bytes"],
            &expect![[r#"
                stage `storage http`, encoding payload 0, plugin `rogue_http`: service `store`: the response has more than the 100000 bytes that the plugin may read
            "#]],
        );
        // A plugin that would read any size is ended at the limits of its call.
        let settings = [("method", "GET"), ("path", "o/1"), ("limit", "18446744073709551615")];
        let limits = Limits { output: ByteSize::mib(2), ..Limits::default() };
        let error = ask_within(service(&server.url()), &settings, limits).await;
        assert!(matches!(error.kind(), ErrorKind::LimitExceeded(_)), "{}", chain(&error));
        assert!(error.to_string().contains("2MiB"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_proper_response_is_an_error() {
    let many: String = (0..150).map(|number| format!("x-{number}: y\r\n")).collect();
    for (name, bytes) in [
        ("short", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort".to_owned()),
        ("cut", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nab".to_owned()),
        ("two", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".to_owned()),
        ("many", format!("HTTP/1.1 200 OK\r\n{many}content-length: 0\r\n\r\n")),
        (
            "large",
            format!("HTTP/1.1 200 OK\r\nx: {}\r\ncontent-length: 0\r\n\r\n", "y".repeat(70_000)),
        ),
        (
            "upgrade",
            "HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n".to_owned(),
        ),
        ("words", "this is no HTTP\r\n\r\n".to_owned()),
        ("nothing", String::new()),
    ] {
        let server = Server::start(move |_| Reply::Last(bytes.clone().into())).await;
        let error = ask(service(&server.url()), &get("o/1")).await;
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{name}: {}", chain(&error));
        assert!(chain(&error).contains("service `store`: "), "{name}: {}", chain(&error));
    }
    // Headers without an end are cut off, whatever the plugin may read.
    let line = format!("x: {}\r\n", "y".repeat(1000)).into_bytes();
    let server =
        Server::start(move |_| Reply::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), line.clone())).await;
    let error = ask(service(&server.url()), &get("o/1")).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{}", chain(&error));
}

/// Nothing is decompressed: the bytes are those of the service, and so is their length.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_not_decompressed() {
    let server =
        Server::start(|_| Reply::new(200, "content-encoding: gzip\r\n", b"not gzip")).await;
    let error = ask(service(&server.url()), &get("o/1")).await;
    let text = chain(&error);
    assert!(text.contains("content-encoding=gzip") && text.contains("not gzip"), "{text}");
    assert!(!server.asked()[0].contains("accept-encoding"), "{}", server.asked()[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_there_is_unavailable() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", nobody.local_addr().unwrap());
    drop(nobody);
    let error = ask(service(&url), &get("o/1")).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_text(
        &chain(&error),
        &["service `store`"],
        &expect![[r#"
            stage `storage http`, encoding payload 0, plugin `rogue_http`: service `store`: cannot be reached: Connection refused (os error 111)
        "#]],
    );
}
