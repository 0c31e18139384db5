//! Signed tokens: the namespaces they reach, and keys that are fetched.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use cloakroom_temporal::server::{Auth, ServerSettings};
use serde_json::{Value, json};

use super::{
    Served,
    client::post,
    command::{Program, config},
};
use crate::scripts::python;

const DAY: Duration = Duration::from_secs(86_400);

fn tokens() -> Value {
    python("tokens.py", &json!({ "audience": "a", "issuer": "i" }))
}

fn bearer(token: &Value) -> String {
    format!("Bearer {}", token.as_str().unwrap())
}

#[test]
fn a_token_reaches_the_namespaces_that_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let made = tokens();
    std::fs::write(folder.path().join("jwks.json"), made["keys"].to_string()).unwrap();
    let jwt = "jwt = { keys = \"jwks.json\", audience = \"a\", namespaces = \"namespaces\" }";
    config(folder.path(), jwt);
    let mut program = Program::start_with(folder.path(), &[], None);
    let address = program.address();
    let status = |token: &str, path: &str, namespace: Option<&str>| {
        let bearer = bearer(&made["good"][token]);
        let mut headers = vec![("authorization", &*bearer)];
        headers.extend(namespace.map(|namespace| ("x-namespace", namespace)));
        post(address, path, &headers, "{}").status
    };
    let (two, one, none) = ("for two namespaces", "for one namespace", "ec");
    assert_eq!(status(two, "/payments/decode", None), 200);
    assert_eq!(status(two, "/encode", Some("orders")), 200);
    assert_eq!(status(one, "/decode", Some("payments")), 200);
    assert_eq!(status(one, "/decode", Some("orders")), 403);
    assert_eq!(status(one, "/payments/download", Some("orders")), 403);
    // A request for no namespace is a request for what is bound to none, and that is not named.
    assert_eq!(status(one, "/decode", None), 403);
    assert_eq!(status(none, "/payments/decode", None), 403);
    let operators = [super::command::BEARER, ("x-namespace", "any")];
    assert_eq!(post(address, "/decode", &operators, "{}").status, 200);

    // A refusal is audited, also of what would have shown nothing.
    assert_eq!(status(one, "/orders/encode", None), 403);
    let audit = program.line("its audit", |line| {
        line["target"] == "cloakroom::audit" && line["route"] == "encode"
    });
    assert_eq!(
        (&audit["outcome"], &audit["namespace"], &audit["subject"], &audit["status"]),
        (&json!("refused"), &json!("orders"), &json!("someone"), &json!(403))
    );
}

/// A provider of keys, as it answers now, and how often it was asked.
struct Provider {
    address: SocketAddr,
    answer: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
}

impl Provider {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (answer, asked) = (Arc::new(Mutex::new(String::new())), Arc::new(AtomicUsize::new(0)));
        let (now, count) = (answer.clone(), asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]);
                count.fetch_add(1, SeqCst);
                let answer = now.lock().unwrap().clone();
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { address, answer, asked }
    }

    fn says(&self, status: &str, body: &str) {
        let length = body.len();
        *self.answer.lock().unwrap() = format!(
            "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
    }

    fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }

    fn access(&self, refresh: Duration) -> Auth {
        let url = format!("http://{}/jwks.json", self.address);
        Auth::default().with_key_set_url(&url, refresh, Some("a".into()), Some("i".into())).unwrap()
    }
}

async fn served(access: Auth) -> (Served, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = ServerSettings::default();
    settings.auth = access;
    (Served::start(folder.path(), settings).await, folder)
}

fn status(served: &Served, token: &Value) -> u16 {
    post(served.address, "/decode", &[("authorization", &bearer(token))], "{}").status
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_fetched_once() {
    let (made, provider) = (tokens(), Provider::start());
    provider.says("200 OK", &made["keys"].to_string());
    let (served, _folder) = served(provider.access(DAY)).await;
    for (name, token) in made["good"].as_object().unwrap() {
        assert_eq!(status(&served, token), 200, "{name}");
    }
    for (name, token) in made["bad"].as_object().unwrap() {
        assert_eq!(status(&served, token), 401, "{name}");
    }
    // Whoever makes up names of keys does not have them fetched again and again.
    assert_eq!(provider.asked(), 1);
    // A reload takes over what was fetched.
    let mut settings = ServerSettings::default();
    settings.auth = provider.access(DAY);
    served.server.swap(settings).unwrap();
    assert_eq!(status(&served, &made["good"]["ec"]), 200);
    assert_eq!(provider.asked(), 1);
}

/// No redirect is followed, nothing large is read, and nobody is let in without keys.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_key_set_lets_nobody_in() {
    let made = tokens();
    let elsewhere = Provider::start();
    elsewhere.says("200 OK", &made["keys"].to_string());
    let moved = format!("302 Found\r\nlocation: http://{}/", elsewhere.address);
    let large = format!("{}{}", " ".repeat(300 << 10), made["keys"]);
    for (answer, body) in [
        (&*moved, ""),
        ("200 OK", &*large),
        ("200 OK", "{}"),
        ("500 Oh", &made["keys"].to_string()),
    ] {
        let provider = Provider::start();
        provider.says(answer, body);
        let (served, _folder) = served(provider.access(DAY)).await;
        assert_eq!(status(&served, &made["good"]["ec"]), 503, "{answer}");
        assert_eq!(status(&served, &made["good"]["ec"]), 503, "{answer}");
        assert_eq!(provider.asked(), 1);
    }
    assert_eq!(elsewhere.asked(), 0);
}

/// Keys that are fetched again replace the old ones, and a provider that fails changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_good_keys_are_kept() {
    let (made, next, provider) = (tokens(), tokens(), Provider::start());
    provider.says("200 OK", &made["keys"].to_string());
    let (served, _folder) = served(provider.access(Duration::from_millis(1))).await;
    let (old, new) = (&made["good"]["ec"], &next["good"]["ec"]);
    assert_eq!(status(&served, old), 200);
    provider.says("500 Oh", "");
    let asked = provider.asked();
    let give_up = std::time::Instant::now() + cloakroom_tests::PATIENCE;
    while provider.asked() < asked + 3 {
        assert_eq!(status(&served, old), 200);
        assert!(std::time::Instant::now() < give_up, "keys are not fetched again");
    }
    provider.says("200 OK", &next["keys"].to_string());
    // Turned away until the new keys are there, which the next fetch brings.
    while status(&served, new) != 200 {
        assert!(std::time::Instant::now() < give_up, "the new keys were not fetched");
    }
    assert_eq!(status(&served, old), 401);
}
