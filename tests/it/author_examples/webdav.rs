//! The driver in TypeScript, against rclone's WebDAV server. A proxy asks for the bearer token, which rclone
//! does not know.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::{Arc, Mutex},
    thread,
};

use cloakroom::{Cloakroom, Context, ErrorKind, Payload};
use cloakroom_tests::{chain, noise, plain, rigs::webdav};
use serde_json::{Value, json};

use super::{Example, OnceLock};
use crate::{
    secrets::Log,
    services::server::{Reply, Server},
};

const TOKEN: &str = "canary-token-of-webdav";

/// URL in the configuration of the example.
const URL: &str = "https://dav.example/payloads/";

/// A WebDAV service that wants the token, and can be made to answer with any status.
struct Service {
    server: Server,
    status: Arc<Mutex<Option<u16>>>,
}

impl Service {
    async fn start() -> Self {
        let status = Arc::<Mutex<Option<u16>>>::default();
        let set = status.clone();
        let server = Server::start(move |asked| {
            if !asked.head.contains(&format!("authorization: Bearer {TOKEN}\r\n")) {
                return Reply::new(401, "", b"who are you?");
            }
            match *set.lock().unwrap() {
                Some(status) => Reply::new(status, "location: /elsewhere\r\n", b"its own words"),
                None => Reply::Bytes(webdav().exchange(asked.method(), asked.path(), &asked.body)),
            }
        });
        Self { server: server.await, status }
    }

    fn answers(&self, status: Option<u16>) {
        *self.status.lock().unwrap() = status;
    }

    /// Opens the configuration of the example with this service.
    async fn open(&self) -> Cloakroom {
        let url = self.server.url();
        example()
            .open_own(&[
                (URL, &url),
                ("env = \"DAV_TOKEN\"", "file = \"token\""),
                ("\"256KiB\"", "\"1KiB\"\ncache.memory = \"0B\""),
            ])
            .await
    }
}

fn example() -> &'static Example {
    static EXAMPLE: OnceLock<Example> = OnceLock::new();
    // On a thread that runs no test: the service has a runtime of its own.
    EXAMPLE.get_or_init(|| thread::spawn(build).join().unwrap())
}

fn build() -> Example {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let service = runtime.block_on(Service::start());
    let set_url = |folder: &Path, from: &str, to: &str| {
        let config = folder.join("cloakroom.toml");
        let text = fs::read_to_string(&config).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(&config, text.replace(from, to)).unwrap();
    };
    let url = service.server.url();
    let example = Example::check("webdav-driver", &[("DAV_TOKEN", TOKEN)], |folder| {
        let modules = cloakroom_tests::jco().join("node_modules");
        symlink(modules, folder.join("node_modules")).unwrap();
        fs::write(folder.join("token"), TOKEN).unwrap();
        set_url(folder, URL, &url);
    });
    // Each test has a service of its own.
    set_url(&example.folder, &url, URL);
    runtime.shutdown_background();
    example
}

/// A namespace of one test, so that its folders are not there yet.
fn ctx(test: &str) -> Context {
    Context::namespace(format!("{test}/ments ü.."))
}

/// Returns the path of a stored object in the service.
fn path(reference: &Payload) -> String {
    let reference: Value = serde_json::from_slice(&reference.data).unwrap();
    let key = reference["claimData"]["key"].as_str().unwrap().to_owned();
    assert!(key.contains("%2Fments%20%C3%BC../d/sha256/"), "{key}");
    format!("/v1/{}", key.replace('%', "="))
}

#[test]
fn the_example_passes_its_checks_and_asks_for_http_alone() {
    assert!(!example().printed.contains(TOKEN));
    let text = example().cloakroom(&["inspect", "--describe", "plugin.wasm"], "");
    assert!(text.contains("webdav-driver") && text.contains("service to store in"), "{text}");
    let text = example().cloakroom(&["inspect", "plugin.wasm"], "");
    assert!(text.contains("needs grants.services") && !text.contains("wasi:"), "{text}");
}

/// On one thread, since the log is that of this thread.
#[tokio::test(flavor = "current_thread")]
async fn objects_are_stored_and_the_token_is_nowhere() {
    let service = Service::start().await;
    let cloakroom = service.open().await;
    let (log, _guard) = Log::start();
    let ctx = ctx("token");
    let sent = vec![plain(noise(3 << 20)), plain(noise(5000)), plain("small")];
    let stored = cloakroom.encode(&ctx, sent.clone()).await.map_err(|error| chain(&error)).unwrap();
    let asked = service.server.asked();
    assert!(asked.iter().any(|asked| asked.starts_with("MKCOL /v1/v0/ns ")), "{asked:?}");
    assert_eq!(cloakroom.encode(&ctx, sent.clone()).await.unwrap(), stored, "not repeatable");
    assert_eq!(cloakroom.decode(&ctx, stored.clone()).await.unwrap(), sent);
    let object = webdav().exchange("GET", &path(&stored[0]), b"");
    assert!(object.ends_with(&sent[0].data), "another object is stored");
    // Two objects, twice asked for, and the folder of the large one.
    assert_eq!(service.server.asked().len(), asked.len() + 5);
    assert!(service.server.asked().iter().all(|asked| asked.contains(TOKEN)));

    service.answers(Some(401));
    let error = cloakroom.encode(&ctx, sent).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{}", chain(&error));
    assert!(log.text().contains("webdav"), "nothing was logged");
    for text in [log.text(), format!("{error:?} {}", chain(&error)), format!("{stored:?}")] {
        assert!(!text.contains("canary"), "{text}");
    }
    for payload in stored {
        assert!(!String::from_utf8_lossy(&payload.data).contains("canary"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_caught_and_mended_and_a_missing_object_is_said_so() {
    let service = Service::start().await;
    let cloakroom = service.open().await;
    let (ctx, sent) = (ctx("damage"), vec![plain(noise(9000))]);
    let stored = cloakroom.encode(&ctx, sent.clone()).await.unwrap();
    let (path, whole) = (path(&stored[0]), sent[0].envelope().to_bytes());
    let mut flipped = whole.to_vec();
    flipped[4000] ^= 1;
    for damaged in [&flipped[..], &whole[..99], b""] {
        webdav().exchange("PUT", &path, damaged);
        let error = cloakroom.decode(&ctx, stored.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{}", chain(&error));
        assert_eq!(cloakroom.encode(&ctx, sent.clone()).await.unwrap(), stored);
        assert_eq!(cloakroom.decode(&ctx, stored.clone()).await.unwrap(), sent);
    }
    webdav().exchange("DELETE", &path, b"");
    let error = cloakroom.decode(&ctx, stored.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{}", chain(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_and_forged_claims_have_the_right_kind() {
    let service = Service::start().await;
    let cloakroom = service.open().await;
    let (ctx, sent) = (ctx("statuses"), vec![plain(noise(7000))]);
    let stored = cloakroom.encode(&ctx, sent.clone()).await.unwrap();
    for (status, storing, reading) in [
        (302, ErrorKind::Denied, ErrorKind::Denied),
        (403, ErrorKind::Denied, ErrorKind::Denied),
        (404, ErrorKind::NotFound, ErrorKind::NotFound),
        (409, ErrorKind::Failed, ErrorKind::Failed),
        (503, ErrorKind::Unavailable, ErrorKind::Unavailable),
        (507, ErrorKind::Unavailable, ErrorKind::Unavailable),
    ] {
        service.answers(Some(status));
        let errors = [
            cloakroom.encode(&ctx, sent.clone()).await.unwrap_err(),
            cloakroom.decode(&ctx, stored.clone()).await.unwrap_err(),
        ];
        for (error, kind) in errors.iter().zip([storing, reading]) {
            assert_eq!(error.kind(), kind, "HTTP {status}: {}", chain(error));
            assert!(chain(error).contains(&format!("HTTP {status}")), "{}", chain(error));
            assert!(!chain(error).contains("its own words"), "{}", chain(error));
        }
    }
    service.answers(None);
    for key in ["../v0/d/sha256/00", "v0/ns/../d/sha256/00", ""] {
        let mut forged = stored[0].clone();
        let mut reference: Value = serde_json::from_slice(&forged.data).unwrap();
        reference["claimData"]["key"] = json!(key);
        forged.data = reference.to_string().into();
        let before = service.server.asked().len();
        let error = cloakroom.decode(&ctx, vec![forged]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{}", chain(&error));
        assert_eq!(service.server.asked().len(), before, "a forged claim was asked for");
    }
}
