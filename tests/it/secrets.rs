//! Payload bytes, metadata values and keys never appear in logs, errors and `Debug` output.

use std::{
    io::Write,
    sync::{Arc, Mutex, OnceLock},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom::{
    Codec as _, Payload, Stage,
    keys::{KeyMaterial, Ring},
    plugin::{Grants, Limits, Reuse, Settings, Source},
};
use cloakroom_temporal::json;
use cloakroom_tests::{
    KEY, ROGUE, ROGUE_WASIP2, bundled, chain, ctx, host, plain, rogue, rogue_grants,
};
use tracing::{Dispatch, subscriber::NoSubscriber};
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    codec_server::{
        client::post,
        command::{BEARER, Program, TOKEN, config},
    },
    hostile_text::assert_clean,
};

const CANARY: &str = "canary-of-the-payload";

/// All that is logged while it lives, at every level.
#[derive(Clone)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// While there is but one subscriber, a callsite is asked for once, on whatever thread comes
    /// first; so there are two.
    pub(crate) fn new() -> Self {
        static SECOND: OnceLock<Dispatch> = OnceLock::new();
        SECOND.get_or_init(|| Dispatch::new(NoSubscriber::new()));
        Self(Arc::default())
    }

    pub(crate) fn start() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::new();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// On one thread, since the log is that of this thread.
#[tokio::test(flavor = "current_thread")]
async fn a_plugin_cannot_log_what_it_reads_unless_granted() {
    for (wasm, attack) in [(ROGUE, "log-payload"), (ROGUE_WASIP2, "print-payload")] {
        for granted in [false, true] {
            let (log, _guard) = Log::start();
            let mut grants = rogue_grants();
            if granted {
                grants = grants.with_log();
            }
            let plugin =
                host(Limits::default()).load(Source::bytes("rogue", wasm), grants).await.unwrap();
            let codec = plugin.codec(Settings::none(), Reuse::Warm).await.unwrap();
            for _ in 0..2 {
                codec.encode(&ctx(), &plain(attack)).await.unwrap();
            }
            assert_eq!(log.text().contains(CANARY), granted, "{attack}: {}", log.text());
        }
    }
}

/// Also while it describes itself, when it may otherwise say what it likes.
#[tokio::test(flavor = "current_thread")]
async fn a_plugin_that_has_seen_a_secret_is_silent() {
    for wasm in [ROGUE, ROGUE_WASIP2] {
        for granted in [false, true] {
            let (log, _guard) = Log::start();
            let mut grants = rogue_grants().with_secret("db", CANARY.as_bytes());
            if granted {
                grants = grants.with_log();
            }
            assert!(!format!("{grants:?}").contains(CANARY));
            let plugin =
                host(Limits::default()).load(Source::bytes("rogue", wasm), grants).await.unwrap();
            let settings = Settings::none().with_setting("describe", "tell-secret");
            let asked = settings.clone().with_setting("words", "db");
            let error = plugin.codec(asked, Reuse::Fresh).await.map(drop).unwrap_err();
            let seen = format!("{} {} {error:?}", log.text(), chain(&error));
            assert!(seen.contains("nothing seen yet"), "{seen}");
            assert_eq!(seen.contains(CANARY), granted, "{seen}");
            // One that is not granted is refused by its name, and the log goes on.
            let other = settings.with_setting("words", "another");
            let error = plugin.codec(other, Reuse::Fresh).await.map(drop).unwrap_err();
            let text = chain(&error);
            assert!(text.contains("secret `another` was not granted"), "{text}");
            assert!(text.contains("granted: `db` (`Grants::with_secret`)"), "{text}");
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_panic_is_logged_by_its_place_and_not_its_message() {
    let (log, _guard) = Log::start();
    let grants = rogue_grants().with_log();
    let plugin = host(Limits::default()).load(Source::bytes("rogue", ROGUE), grants).await.unwrap();
    let codec = plugin.codec(Settings::none(), Reuse::Fresh).await.unwrap();
    codec.encode(&ctx(), &plain("panic")).await.map(drop).unwrap_err();
    assert!(log.text().contains("panicked at tests/rogue/src/lib.rs"), "{}", log.text());
    assert!(!log.text().contains("a panic with a payload"), "{}", log.text());
}

#[tokio::test(flavor = "current_thread")]
async fn errors_and_debug_hold_no_payload_and_no_metadata() {
    let (log, _guard) = Log::start();
    let rogue = rogue(&host(Limits::default()), ROGUE, Reuse::Fresh).await;
    let pipeline =
        cloakroom_tests::pipeline().with_stage(Stage::new("rogue", rogue)).build().unwrap();
    let aes = bundled(&host(Limits::default()), "aes-gcm", Settings::none(), Reuse::Fresh).await;
    let sealing = cloakroom_tests::pipeline()
        .with_stage(Stage::new("aes-gcm", aes).required())
        .build()
        .unwrap();
    let mut seen = String::new();
    let secret = |encoding: &str| Payload::new(encoding, CANARY).with_metadata("secret", CANARY);
    for encoding in ["binary/sealed", "binary/encrypted", "json/plain"] {
        let error = sealing.decode(&ctx(), vec![secret(encoding)]).await.unwrap_err();
        seen += &format!("{} {error:?}", chain(&error));
        let labelled = secret(encoding)
            .with_metadata("sealed-format", "1")
            // The one value that is shown: an operator has to know which key is missing.
            .with_metadata("sealed-key", "retired")
            .with_metadata("encryption-key-id", "retired");
        let error = sealing.decode(&ctx(), vec![labelled]).await.unwrap_err();
        seen += &format!("{} {error:?}", chain(&error));
    }
    for attack in ["undeclared-encoding", "twin-names", CANARY] {
        let error = pipeline.encode(&ctx(), vec![plain(attack)]).await.unwrap_err();
        seen += &format!("{} {error:?}", chain(&error));
    }
    seen += &format!("{:?} {pipeline:?} {sealing:?}", secret("json/plain"));
    assert!(!seen.contains("canary"), "{seen}");
    assert!(!log.text().contains("canary"), "{}", log.text());
}

/// One line at WARN for each failed call, with where and why; quiet pipelines have it at DEBUG.
#[tokio::test(flavor = "current_thread")]
async fn each_failed_call_is_logged_once_without_contents() {
    let aes = bundled(&host(Limits::default()), "aes-gcm", Settings::none(), Reuse::Fresh).await;
    let pipeline = cloakroom_tests::pipeline()
        .with_stage(Stage::new("aes-gcm", aes).required())
        .build()
        .unwrap();
    let reference = format!(
        r#"{{"driverName":"{CANARY}","driverClaim":{{"claimData":{{"key":"{CANARY}"}}}}}}"#
    );
    let reference = Payload::new("json/protobuf", reference)
        .with_metadata("messageType", "temporal.api.sdk.v1.ExternalStorageReference")
        .with_metadata("secret", CANARY);
    let unsealed = Payload::new("json/plain", CANARY).with_metadata("secret", CANARY);
    for (payload, kind) in [(unsealed, "unsealed"), (reference, "unresolved")] {
        for (pipeline, level) in [(pipeline.clone(), "WARN"), (pipeline.clone().quiet(), "DEBUG")] {
            let (log, _guard) = Log::start();
            let mut sent = pipeline.encode(&ctx(), vec![plain("x")]).await.unwrap();
            sent.push(payload.clone());
            pipeline.decode(&ctx(), sent).await.map(drop).unwrap_err();
            let text = log.text();
            let lines: Vec<_> =
                text.lines().filter(|line| line.contains("a call failed")).collect();
            let [line] = lines[..] else { panic!("{text}") };
            for part in [level, "cloakroom::pipeline", "direction=\"decode\"", "error="] {
                assert!(line.contains(part), "no {part} in {line}");
            }
            assert!(line.contains(&format!("kind=\"{kind}\"")), "{line}");
            assert!(kind != "unsealed" || line.contains("stage=\"aes-gcm\""), "{line}");
            assert!(kind != "unsealed" || line.contains("slot=1"), "{line}");
            assert!(!text.contains("canary"), "{text}");
        }
    }
}

/// All texts in a line of a log.
fn texts(line: &serde_json::Value) -> Vec<String> {
    match line {
        serde_json::Value::String(text) => vec![text.clone()],
        serde_json::Value::Array(lines) => lines.iter().flat_map(texts).collect(),
        serde_json::Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// All that the program logs while it is asked for what is secret, at every level.
#[test]
fn a_codec_server_logs_no_contents_keys_or_tokens() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "origins = [\"http://localhost:8233\"]");
    let mut program = Program::start_with(folder.path(), &[], Some("trace"));
    let address = program.address();
    let secret = || Payload::new("json/plain", CANARY).with_metadata("secret", CANARY);
    let text = |payload| String::from_utf8(json::write(&[payload]).unwrap()).unwrap();
    let encoded = post(address, "/encode", &[BEARER], &text(secret())).body;
    let (path, clear) = ("/decode?token=canary", text(secret()));
    let mut forged =
        json::read(encoded.as_bytes()).unwrap().remove(0).with_metadata("secret", CANARY);
    forged.data.truncate(forged.data.len() - 1);
    for (path, body, status) in [
        ("/decode", &*encoded, 200),
        (path, &*clear, 400),
        ("/decode", &*text(forged), 400),
        ("/download", &*encoded, 400),
        ("/decode", CANARY, 400),
    ] {
        assert_eq!(post(address, path, &[BEARER], body).status, status, "{path}");
    }
    for token in ["Bearer canary-of-a-stranger", "canary", "Bearer e30.canary.canary"] {
        assert_eq!(post(address, "/decode", &[("authorization", token)], "{}").status, 401);
    }
    // A stranger's page, and an id that could end a line.
    let page = [("origin", "http://evil.example"), ("x-request-id", "a\"} b")];
    assert_eq!(post(address, "/decode", &page, "{}").status, 403);
    // Text that would turn a line, where a stranger can put some.
    let turns = "a\u{202e}b\u{9b}2J\u{2028}";
    for (name, status) in [("x-namespace", 400), ("origin", 403), ("authorization", 401)] {
        let headers = [BEARER, (name, turns)];
        let headers = if name == "authorization" { &headers[1..] } else { &headers[..] };
        let answer = post(address, "/decode", headers, &clear);
        assert_eq!(answer.status, status, "{name}");
        answer.body.lines().for_each(assert_clean);
    }
    config(folder.path(), "origins = [\"*\"]");
    program.signal("-HUP");
    program.says("[codec_server] stays as it was");
    program.signal("-TERM");
    program.says("ended");
    program.log.iter().for_each(|line| texts(line).iter().for_each(|text| assert_clean(text)));
    let log = format!("{:?}", program.log);
    let key = [STANDARD.encode(KEY), hex::encode(KEY), String::from_utf8_lossy(&KEY).into_owned()];
    let hidden = ["canary", TOKEN, &STANDARD.encode(CANARY)].map(str::to_owned);
    for secret in hidden.iter().chain(&key) {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[test]
fn keys_do_not_print() {
    let material = KeyMaterial::new(KEY);
    let builder = Ring::builder().with_key("k", &material).with_current("k");
    let mut seen = format!("{material:?} {builder:?}");
    let ring = builder.build().unwrap();
    seen +=
        &format!("{ring:?} {:?}", Grants::none().with_keys("payments", cloakroom_tests::ring()));
    for form in [
        String::from_utf8_lossy(&KEY).into_owned(),
        STANDARD.encode(KEY),
        hex::encode(KEY),
        format!("{KEY:?}"),
    ] {
        assert!(!seen.contains(&form), "{seen}");
    }
}
