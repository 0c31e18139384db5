//! The credentials that the host adds: a plugin gets none of them back, and nothing prints them.

use super::*;
use crate::secrets::Log;

/// Responses that repeat the token, which was in the request.
fn echoes() -> Vec<(&'static str, Vec<u8>)> {
    let head = |more: &str| format!("HTTP/1.1 200 OK\r\n{more}\r\n");
    let token = TOKEN.as_bytes();
    let (start, end) = TOKEN.split_at(9);
    let chunks = format!("{:x}\r\n{start}\r\n{:x}\r\n{end}\r\n0\r\n\r\n", start.len(), end.len());
    let length = |body: &[u8]| head(&format!("content-length: {}\r\n", body.len())).into_bytes();
    let whole = format!("authorization: Bearer {TOKEN}\n");
    vec![
        ("body", [length(token), token.to_vec()].concat()),
        ("within", [length(whole.as_bytes()), whole.into_bytes()].concat()),
        (
            "chunks",
            [head("transfer-encoding: chunked\r\n").into_bytes(), chunks.into_bytes()].concat(),
        ),
        ("header", head(&format!("content-length: 0\r\nx-echo: a{TOKEN}b\r\n")).into_bytes()),
        ("name", head(&format!("content-length: 0\r\n{TOKEN}: x\r\n")).into_bytes()),
        (
            "redirect",
            format!("HTTP/1.1 302 Found\r\nlocation: /?t={TOKEN}\r\ncontent-length: 0\r\n\r\n")
                .into(),
        ),
        ("failure", [b"HTTP/1.1 500 Oops\r\n\r\n".to_vec(), token.to_vec()].concat()),
    ]
}

/// On one thread, since the log is that of this thread.
#[tokio::test(flavor = "current_thread")]
async fn a_secret_that_is_repeated_is_refused_and_never_shown() {
    let (log, _guard) = Log::start();
    for (name, bytes) in echoes() {
        let server = Server::start(move |_| Reply::Last(bytes.clone())).await;
        let error = ask(service(&server.url()), &get("echo")).await;
        assert_eq!(error.kind(), ErrorKind::Denied, "{name}: {}", chain(&error));
        assert_text(
            &chain(&error),
            &["`store`"],
            &expect![[r#"
                stage `storage http`, encoding payload 0, plugin `rogue_http`: service `store`: the response repeats a secret that the host has added, so the plugin gets none of it
            "#]],
        );
        assert!(server.asked()[0].contains(TOKEN), "the service had no token");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
    // A status line is nobody's to read.
    let line = format!("HTTP/1.1 200 {TOKEN}\r\ncontent-length: 0\r\n\r\n");
    let server = Server::start(move |_| Reply::Last(line.clone().into())).await;
    let error = ask(service(&server.url()), &get("echo")).await;
    assert!(chain(&error).contains("got 200"), "{}", chain(&error));
    assert!(!chain(&error).contains("canary") && !format!("{error:?}").contains("canary"));
    assert!(log.text().contains("rogue_http"), "nothing was logged");
    assert!(!log.text().contains("canary"), "{}", log.text());
}

/// Also on one thread: a whole round trip, and services that fail, at the finest level of the log.
#[tokio::test(flavor = "current_thread")]
async fn no_log_no_error_and_no_history_holds_a_secret() {
    let (log, _guard) = Log::start();
    let server = Server::objects(TOKEN).await;
    let stored = pipeline(driver(service(&server.url()), &[], Limits::default()).await.unwrap());
    let sent = vec![plain(noise(3000))];
    let encoded = stored.encode(&ctx(), sent.clone()).await.unwrap();
    assert!(!format!("{encoded:?}").contains("canary"));
    for payload in &encoded {
        assert!(!String::from_utf8_lossy(&payload.data).contains("canary"));
    }
    assert_eq!(stored.decode(&ctx(), encoded).await.unwrap(), sent);
    // A path may hold what the plugin has read.
    assert!(!log.text().contains("/v1/o/"), "{}", log.text());
    let built = service("http://127.0.0.1:9/");
    assert!(!format!("{built:?} {:?}", built.clone().build().unwrap()).contains("canary"));
    for reply in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", "HTTP/1.1 401 No\r\n\r\n"] {
        let server = Server::start(move |_| Reply::Last(reply.into())).await;
        let error = ask(service(&server.url()), &[]).await;
        assert!(!format!("{error:?} {}", chain(&error)).contains("canary"), "{}", chain(&error));
    }
    assert!(!log.text().contains("canary"), "{}", log.text());
}
