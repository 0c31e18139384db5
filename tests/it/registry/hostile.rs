//! Registries that lie, and where credentials go.

use std::sync::Arc;

use cloakroom::{
    ByteSize, Error, ErrorKind,
    registry::{Access, Client, Package},
};
use cloakroom_tests::{REVERSE, assert_text, assert_texts, chain};
use expect_test::expect;

use super::{
    LARGEST, package,
    recorder::{Asked, Recorder, response},
    reference,
};

const PASSWORD: &str = "canary-of-the-registry";

/// A registry that serves one plugin, except for what `lie` answers.
fn registry(lie: impl Fn(&Asked, &Package) -> Option<Vec<u8>> + Send + Sync + 'static) -> Recorder {
    let package = package(REVERSE);
    Recorder::start(move |asked| {
        if let Some(lie) = lie(asked, &package) {
            return lie;
        }
        match asked.line.split('/').nth(3) {
            Some("manifests") => response("200 OK", "", &package.manifest()),
            Some("blobs") => response("200 OK", "", package.component()),
            _ => response("404 Not Found", "", b""),
        }
    })
}

fn client(server: &Recorder, change: impl Fn(Access) -> Access) -> Client {
    let to = reference(&format!("oci://{}/a:1", server.address));
    let access = Access::new(&to).with_credentials("robot", PASSWORD.to_owned().into());
    Client::new(change(access)).unwrap()
}

async fn pull(server: &Recorder, client: &Client) -> Result<(), Error> {
    let reference = reference(&format!("oci://{}/a:1", server.address));
    client.pull(&reference, LARGEST).await.map(drop)
}

async fn refused(server: &Recorder) -> Error {
    pull(server, &client(server, |access| access)).await.unwrap_err()
}

/// Neither password nor token reached a server.
#[track_caller]
fn got_no_credentials(server: &Recorder) {
    for asked in server.asked() {
        assert!(asked.header("authorization").is_none(), "{asked:?}");
        assert!(!asked.line.contains(PASSWORD), "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_asked_of_the_registry_itself_or_of_the_configured_realm() {
    let realm = Arc::new(Recorder::start(|_| response("200 OK", "", br#"{"token":"t0ken"}"#)));
    let challenge = format!(
        "www-authenticate: Bearer realm=\"{}\",service=\"s\",scope=\"repository:other:*\"\r\n",
        realm.url("/token")
    );
    let server = registry(move |asked, _| {
        let is_known = asked.header("authorization") == Some("Bearer t0ken");
        (!is_known).then(|| response("401 Unauthorized", &challenge, b""))
    });
    let error = refused(&server).await;
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_text(
        &chain(&error),
        &["Access::with_realm"],
        &expect![[r#"
        plugin `a`: the registry sends us to `http://127.0.0.1:[port]/token` for a token, which is neither on its own host nor allowed: allow it if it belongs to the registry (`Access::with_realm`)
    "#]],
    );
    assert!(realm.asked().is_empty(), "it was not asked: {:?}", realm.asked());
    got_no_credentials(&server);

    let allowed = client(&server, |access| access.with_realm(&realm.url("/token")));
    pull(&server, &allowed).await.unwrap();
    let asked = realm.asked();
    // What is asked for is what is needed, whatever the registry suggests.
    assert_eq!(asked[0].line, "GET /token?service=s&scope=repository%3Aa%3Apull");
    assert!(asked[0].header("authorization").unwrap().starts_with("Basic "));
    assert_eq!(asked.len(), 1, "a token is used again");
    let other = client(&server, |access| access.with_realm(&realm.url("/other")));
    assert_eq!(pull(&server, &other).await.unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_the_registrys_own_host_is_asked_without_being_configured() {
    let server = Recorder::start(move |asked| {
        let host = asked.header("host").unwrap();
        if asked.line.starts_with("GET /token") {
            return response("200 OK", "", br#"{"access_token":"t"}"#);
        }
        if asked.header("authorization").is_none() {
            let challenge = format!("www-authenticate: Bearer realm=\"http://{host}/token\"\r\n");
            return response("401 Unauthorized", &challenge, b"");
        }
        response("404 Not Found", "", b"")
    });
    let error = refused(&server).await;
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    let lines: Vec<_> = server.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(
        lines,
        [
            "GET /v2/a/manifests/1",
            "GET /token?scope=repository%3Aa%3Apull",
            "GET /v2/a/manifests/1"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_is_redirected_without_credentials_and_nothing_else_is() {
    let store = Arc::new(Recorder::start(|_| response("200 OK", "", REVERSE)));
    let target = format!("location: {}\r\n", store.url("/blob?signed"));
    let challenge = "www-authenticate: Basic realm=\"r\"\r\n";
    let redirecting = |part: &'static str| {
        let target = target.clone();
        registry(move |asked, _| {
            if asked.header("authorization").is_none() {
                return Some(response("401 Unauthorized", challenge, b""));
            }
            asked.line.contains(part).then(|| response("307 Temporary Redirect", &target, b""))
        })
    };
    let server = redirecting("/blobs/");
    pull(&server, &client(&server, |access| access)).await.unwrap();
    assert_eq!(store.asked().len(), 1);
    got_no_credentials(&store);

    let server = redirecting("/manifests/");
    let error = refused(&server).await;
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    assert_eq!(store.asked().len(), 1, "no manifest was asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_lead_nowhere_dangerous_and_end() {
    for target in ["http://169.254.169.254/x", "ftp://127.0.0.1/x", "http://me:pw@127.0.0.1/x"] {
        let header = format!("location: {target}\r\n");
        let server = registry(move |asked, _| {
            asked.line.contains("/blobs/").then(|| response("302 Found", &header, b""))
        });
        let error = refused(&server).await;
        assert_eq!(error.kind(), ErrorKind::Denied, "{target}: {error}");
    }
    let server = registry(|asked, _| {
        let again = "location: /v2/a/blobs/again\r\n";
        asked.line.contains("/blobs/").then(|| response("302 Found", again, b""))
    });
    assert_eq!(refused(&server).await.kind(), ErrorKind::Denied);
    assert_eq!(server.asked().len(), 1 + 1 + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_to_the_registry_alone() {
    let other = Arc::new(Recorder::start(|_| response("201 Created", "", b"")));
    let target = format!("location: {}\r\n", other.url("/upload"));
    let server = Recorder::start(move |asked| {
        if asked.line.starts_with("POST") {
            response("202 Accepted", &target, b"")
        } else {
            response("404 Not Found", "", b"")
        }
    });
    let to = reference(&format!("oci://{}/a:1", server.address));
    let client = client(&server, |access| access);
    let error = client.push(&to, &package(REVERSE)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    assert!(other.asked().is_empty());
    // A client has the credentials of one registry.
    let elsewhere = reference(&format!("oci://{}/a:1", other.address));
    let error = client.push(&elsewhere, &package(REVERSE)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(other.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_larger_or_other_than_it_should_be_is_refused() {
    type Lie = fn(&Asked, &Package) -> Option<Vec<u8>>;
    let lies: [(&str, Lie); 6] = [
        ("a manifest that says it is huge", |asked, _| {
            let huge = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n";
            asked.line.contains("/manifests/").then(|| huge.to_vec())
        }),
        ("a manifest that is huge", |asked, _| {
            let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
            let manifests = asked.line.contains("/manifests/");
            manifests.then(|| [head, vec![b' '; 1 << 20]].concat())
        }),
        ("a layer that is longer", |asked, package| {
            let body = [package.component(), &b"x"[..]].concat();
            let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
            asked.line.contains("/blobs/").then(|| [head, body].concat())
        }),
        ("a layer that is shorter", |asked, package| {
            let body = &package.component()[1..];
            asked.line.contains("/blobs/").then(|| response("200 OK", "", body))
        }),
        ("a layer that is another", |asked, package| {
            let mut body = package.component().to_vec();
            body[100] ^= 1;
            asked.line.contains("/blobs/").then(|| response("200 OK", "", &body))
        }),
        ("an error without end", |_, _| {
            let head = b"HTTP/1.1 500 Oops\r\nconnection: close\r\n\r\n".to_vec();
            Some([head, vec![b'x'; 1 << 20]].concat())
        }),
    ];
    let mut texts = Vec::new();
    for (what, lie) in lies {
        let error = refused(&registry(lie)).await;
        let kinds = [ErrorKind::Corrupt, ErrorKind::Unavailable];
        assert!(kinds.contains(&error.kind()), "{what}: {error}");
        texts.push(format!("{what}: {}", chain(&error)));
    }
    // The component's size changes with every change of its code.
    let size = package(REVERSE).component().len();
    for (number, name) in [(size, "[size]"), (size - 1, "[size less one]")] {
        let digits = number.to_string();
        let (thousands, rest) = digits.split_at(digits.len() - 3);
        for text in &mut texts {
            *text = text.replace(&format!("{thousands},{rest}"), name);
        }
    }
    assert_texts(
        &texts,
        &expect![[r#"
        a manifest that says it is huge: plugin `a`: the registry sends more than 262,144 bytes of a manifest
        a manifest that is huge: plugin `a`: the registry sends more than 262,144 bytes of a manifest
        a layer that is longer: plugin `a`: the registry sends more than [size] bytes of a component
        a layer that is shorter: plugin `a`: the component was changed: it has [size less one] bytes, and its manifest says [size]
        a layer that is another: plugin `a`: the component was changed: expected sha256:[digest], found sha256:[digest]
        an error without end: plugin `a`: the registry could not answer the request for manifest `1` of `a` (HTTP 500)
    "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_manifest_and_the_limit_decide() {
    let server = registry(|_, _| None);
    let client = client(&server, |access| access);
    let to = reference(&format!("oci://{}/a:1", server.address));
    let digest = client.resolve(&to, LARGEST).await.unwrap();
    let pinned = to.clone().with_digest(digest);
    assert!(client.pull(&pinned, LARGEST).await.is_ok());
    let other = format!("{}@sha256:{}", to, "0".repeat(64)).parse().unwrap();
    let error = client.pull(&other, LARGEST).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    let before = server.asked().len();
    let small = ByteSize::bytes(REVERSE.len() as u64 - 1);
    let error = client.pull(&pinned, small).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PluginRejected, "{error}");
    assert_eq!(server.asked().len(), before + 1, "the component is not even asked for");
}
