//! A store that answers whatever it likes: too much, elsewhere, and in words that a log would act on.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use cloakroom::{
    Error, ErrorKind, Limit,
    storage::{Bucket as _, ObjectBucket, PutMode},
};
use cloakroom_tests::{assert_text, assert_texts, chain};
use expect_test::expect;

use crate::{hostile_text::assert_clean, s3, secrets::Log};

/// A store that answers each request with the same bytes, and sends a last piece for ever if asked.
pub(crate) struct Hostile {
    address: SocketAddr,
    /// Bytes that were sent, as far as the kernel took them.
    sent: Arc<AtomicU64>,
    asked: Arc<AtomicUsize>,
}

/// More than any bound, with what the kernel holds on top, and less than what would be sent.
const SOME: u64 = 128 << 20;
const LOTS: u64 = 1 << 30;

impl Hostile {
    pub(crate) fn start(answer: impl Into<Vec<u8>>, is_endless: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sent, asked) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counted, counter, answer) = (sent.clone(), asked.clone(), answer.into());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                counter.fetch_add(1, SeqCst);
                let (sent, answer) = (counted.clone(), answer.clone());
                thread::spawn(move || serve(client, &answer, is_endless, &sent));
            }
        });
        Self { address, sent, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns how many connections there were.
    pub(crate) fn requests(&self) -> usize {
        self.asked.load(SeqCst)
    }

    pub(crate) fn bucket(&self) -> ObjectBucket {
        let place = s3::place(&self.url(), "hostile");
        place.with_retry_timeout(Duration::from_millis(1)).open().unwrap()
    }
}

fn serve(mut client: TcpStream, answer: &[u8], is_endless: bool, sent: &AtomicU64) {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut piece = [0; 4096];
        match client.read(&mut piece) {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&piece[..read]),
        }
    }
    let mut piece = answer;
    let more = [b'x'; 1 << 16];
    while client.write_all(piece).is_ok() {
        if !is_endless || sent.fetch_add(piece.len() as u64, SeqCst) > LOTS {
            return;
        }
        piece = &more;
    }
}

pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n{body}")
}

async fn get(store: &Hostile) -> Error {
    store.bucket().get("v0/a", 1 << 20).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_without_end_is_cut() {
    for (status, kind, snapshot) in [
        (
            "403 Forbidden",
            ErrorKind::Denied,
            expect![[r#"
                bucket `hostile`, key `v0/a`: the store denies access: check the credentials and their permissions (HTTP 403 HisOwn)
            "#]],
        ),
        (
            "404 Not Found",
            ErrorKind::NotFound,
            expect![[r#"
                bucket `hostile`, key `v0/a`: no such object: it expired, was deleted, or is in another bucket (HTTP 404 HisOwn)
            "#]],
        ),
        (
            "500 Internal Server Error",
            ErrorKind::Unavailable,
            expect![[r#"
                bucket `hostile`, key `v0/a`: the store could not answer (HTTP 500 HisOwn)
            "#]],
        ),
    ] {
        let body = "<Error><Code>HisOwn</Code><Message>";
        let store = Hostile::start(answer(status, "", body), true);
        let error = get(&store).await;
        let text = chain(&error);
        assert_eq!(error.kind(), kind, "{text}");
        assert_text(&text, &[&format!("HTTP {} HisOwn", &status[..3])], &snapshot);
        assert!(text.len() < 500, "{text}");
        assert!(store.sent.load(SeqCst) < SOME, "{} bytes", store.sent.load(SeqCst));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_without_end_is_refused() {
    let head = "content-type: application/xml\r\n";
    let store =
        Hostile::start(answer("200 OK", head, "<?xml version=\"1.0\"?><ListBucketResult>"), true);
    let error = store.bucket().list("", None).await.unwrap_err();
    let text = chain(&error);
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{text}");
    assert_text(
        &text,
        &["bucket `hostile`", "16777216"],
        &expect![[r#"
            bucket `hostile`: the store answered with more than 16,777,216 bytes to a request other than for an object
        "#]],
    );
    assert!(store.sent.load(SeqCst) < SOME, "{} bytes", store.sent.load(SeqCst));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_is_read_within_what_the_caller_allows() {
    let modified = "last-modified: Thu, 26 Nov 2026 20:00:00 GMT\r\netag: \"a\"\r\n";
    let told = |size: u64| answer("200 OK", &format!("{modified}content-length: {size}\r\n"), "");
    for (size, snapshot) in [
        (
            (1 << 20) + 1,
            expect![[r#"
                bucket `hostile`, key `v0/a`: the object has 1,048,577 bytes, but at most 1,048,576 are read
            "#]],
        ),
        (
            1 << 50,
            expect![[r#"
                bucket `hostile`, key `v0/a`: the object has 1,125,899,906,842,624 bytes, but at most 1,048,576 are read
            "#]],
        ),
    ] {
        let store = Hostile::start(told(size), true);
        let error = get(&store).await;
        let text = chain(&error);
        assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Payload), "{text}");
        assert_text(&text, &[&size.to_string()], &snapshot);
        assert!(store.sent.load(SeqCst) < SOME, "{} bytes", store.sent.load(SeqCst));
    }
    // It says nothing of a size, and does not end.
    let store = Hostile::start(answer("200 OK", modified, ""), true);
    assert_eq!(get(&store).await.kind(), ErrorKind::Unavailable);
    assert!(store.sent.load(SeqCst) < SOME, "{} bytes", store.sent.load(SeqCst));
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_are_bounded() {
    let header = format!("x-more: {}\r\n", "h".repeat(100 << 10));
    let store = Hostile::start(answer("404 Not Found", &header, ""), false);
    let error = get(&store).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{}", chain(&error));
    assert_text(
        &chain(&error),
        &[],
        &expect![[r#"
            bucket `hostile`, key `v0/a`: the store answered with 102,421 bytes of headers, but at most 65,536 are read
        "#]],
    );
}

/// A store could have this machine ask its neighbours, with a signed request.
#[tokio::test(flavor = "multi_thread")]
async fn no_redirect_is_followed() {
    let mut seen = Vec::new();
    for status in
        ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"]
    {
        let neighbour = Hostile::start(answer("200 OK", "content-length: 0\r\n", ""), false);
        let head =
            format!("location: http://{}/secret\r\ncontent-length: 0\r\n", neighbour.address);
        let store = Hostile::start(answer(status, &head, ""), false);
        let bucket = store.bucket();
        for error in [
            bucket.get("v0/a", 9).await.unwrap_err(),
            bucket.put("v0/a", vec!["x".into()], PutMode::Overwrite).await.unwrap_err(),
            bucket.list("", None).await.unwrap_err(),
        ] {
            let text = chain(&error);
            assert_eq!(error.kind(), ErrorKind::Denied, "{text}");
            let code = format!("HTTP {}", &status[..3]);
            for part in ["bucket `hostile`", "`endpoint`", &code] {
                assert!(text.contains(part), "`{part}` is not in: {text}");
            }
            seen.push(text);
        }
        assert_eq!(store.asked.load(SeqCst), 3);
        assert_eq!(neighbour.asked.load(SeqCst), 0, "{status} was followed");
    }
    assert_texts(
        &seen,
        &expect![[r#"
            bucket `hostile`, key `v0/a`: the store redirects the request, and redirects are not followed: correct `region` or `endpoint` (HTTP 301)
            bucket `hostile`, key `v0/a`: the store redirects the request, and redirects are not followed: correct `region` or `endpoint` (HTTP 301)
            bucket `hostile`: the store redirects the request, and redirects are not followed: correct `region` or `endpoint` (HTTP 301)
            bucket `hostile`, key `v0/a`: the store redirects the request, and redirects are not followed: correct `region` or `endpoint` (HTTP 302)
            bucket `hostile`, key `v0/a`: the store redirects the request, and redirects are not followed: correct `region` or `endpoint` (HTTP 302)
            bucket `hostile`: the store redirects the request, and redirects are not followed: correct `region` or `endpoint` (HTTP 302)
            bucket `hostile`, key `v0/a`: the store redirects the request, and redirects are not followed: correct `region` or `endpoint` (HTTP 307)
            bucket `hostile`, key `v0/a`: the store redirects the request, and redirects are not followed: correct `region` or `endpoint` (HTTP 307)
            bucket `hostile`: the store redirects the request, and redirects are not followed: correct `region` or `endpoint` (HTTP 307)
            bucket `hostile`, key `v0/a`: the store redirects the request, and redirects are not followed: correct `region` or `endpoint` (HTTP 308)
            bucket `hostile`, key `v0/a`: the store redirects the request, and redirects are not followed: correct `region` or `endpoint` (HTTP 308)
            bucket `hostile`: the store redirects the request, and redirects are not followed: correct `region` or `endpoint` (HTTP 308)
        "#]],
    );
}

/// Codes, messages, reasons and headers of a store, and keys of objects.
#[tokio::test]
async fn its_words_are_clean_or_not_shown() {
    let evil = "canary\u{1b}[2J\u{202e}\nERROR forged\r\u{9b}";
    let body = format!("<Error><Code>{evil}</Code><Message>{}</Message></Error>", evil.repeat(999));
    for status in ["403 canary", "404 canary", "409 canary", "503 canary", "418 canary"] {
        let (log, _guard) = Log::start();
        let store = Hostile::start(answer(status, "x-amz-id-2: canary\r\n", &body), false);
        let bucket = store.bucket();
        let put = bucket.put("v0/a", vec!["x".into()], PutMode::Create).await.unwrap_err();
        let list = bucket.list("", None).await.unwrap_err();
        for error in [get(&store).await, put, list] {
            let text = chain(&error);
            assert_clean(&text);
            assert!(!text.contains("canary") && text.contains("HTTP "), "{text}");
            assert_clean(&format!("{error:?}"));
        }
        let lines = log.text();
        for line in lines.lines().filter(|line| line.contains(" cloakroom")) {
            assert_clean(line);
            assert!(!line.contains("canary"), "{line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_clean() {
    let store = Hostile::start(answer("404 Not Found", "content-length: 0\r\n", ""), false);
    let key = format!("v0/\u{202e}\u{2066}{}", "k".repeat(900));
    let error = store.bucket().get(&key, 9).await.unwrap_err();
    assert_clean(&chain(&error));
    assert!(chain(&error).contains("kkkk"), "{}", chain(&error));
}

/// Has the command line check an S3 bucket with this key, in this environment. Returns its log.
fn check_s3(key: &str, environment: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("cloakroom.toml");
    let text = format!(
        r#"
        [storage]
        threshold = "0B"
        [[storage.driver]]
        name = "aws.s3driver"
        plugin = "bundled:s3"
        settings = {{ bucket = "payloads" }}
        grants.buckets = ["payloads"]
        [buckets.payloads]
        url = "s3://somewhere"
        patience = "1ms"
        {key}
        "#
    );
    std::fs::write(&config, text).unwrap();
    let checked = std::process::Command::new(crate::cli::binary())
        .args(["check", "--stores", "--config"])
        .arg(&config)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .envs([("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "s3cr3t")])
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    String::from_utf8_lossy(&checked.stderr).into_owned()
}

/// Every request goes to the endpoint of the configuration.
#[tokio::test(flavor = "multi_thread")]
async fn the_environment_names_no_proxy() {
    let elsewhere = Hostile::start(answer("404 Not Found", "content-length: 0\r\n", ""), false);
    let store = Hostile::start(answer("403 Forbidden", "content-length: 0\r\n", ""), false);
    let url = &*format!("http://{}", elsewhere.address);
    let said = check_s3(
        &format!("endpoint = \"http://{}\"", store.address),
        &[("HTTP_PROXY", url), ("http_proxy", url), ("ALL_PROXY", url)],
    );
    assert_eq!(elsewhere.asked.load(SeqCst), 0, "{said}");
    assert_ne!(store.asked.load(SeqCst), 0, "{said}");
}

/// Only credentials come from the environment. The proxy stands for a network.
#[tokio::test(flavor = "multi_thread")]
async fn the_environment_names_no_endpoint() {
    let elsewhere = Hostile::start(answer("404 Not Found", "content-length: 0\r\n", ""), false);
    let proxy = Hostile::start(answer("403 Forbidden", "content-length: 0\r\n", ""), false);
    let url = &*format!("http://{}", elsewhere.address);
    let said = check_s3(
        &format!("proxy_url = \"http://{}\"", proxy.address),
        &[
            ("AWS_ENDPOINT_URL", url),
            ("AWS_ENDPOINT_URL_S3", url),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_PROXY_URL", url),
        ],
    );
    assert_eq!(elsewhere.asked.load(SeqCst), 0, "{said}");
    assert_ne!(proxy.asked.load(SeqCst), 0, "{said}");
    let warned = said.lines().find(|line| line.contains("AWS_ENDPOINT_URL")).unwrap();
    assert_text(
        warned.trim(),
        &[],
        &expect![[r#"
            [time]  WARN cloakroom_stores::environment: an environment variable names the endpoint of a store, but only credentials are read from the environment: use the bucket's setting `endpoint` (Google: `base_url`) variable="AWS_ENDPOINT_URL"
        "#]],
    );
    assert!(!said.contains("s3cr3t"), "{said}");
}
