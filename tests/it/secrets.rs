//! What must never be seen: payload bytes, metadata values, keys.

use std::{
    io::Write,
    sync::{Arc, Mutex, OnceLock},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom::{
    Codec as _, Grants, Limits, Material, Payload, Pipeline, Reuse, Ring, Settings, Source, Stage,
};
use cloakroom_tests::{
    KEY, ROGUE, ROGUE_WASIP2, bundled, chain, ctx, host, plain, rogue, rogue_grants,
};
use tracing::{Dispatch, subscriber::NoSubscriber};
use tracing_subscriber::fmt::MakeWriter;

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
                grants = grants.log();
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

#[tokio::test(flavor = "current_thread")]
async fn a_panic_is_logged_by_its_place_and_not_its_message() {
    let (log, _guard) = Log::start();
    let grants = rogue_grants().log();
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
    let pipeline = Pipeline::builder().stage(Stage::new("rogue", rogue)).build().unwrap();
    let aes = bundled(&host(Limits::default()), "aes-gcm", Settings::none(), Reuse::Fresh).await;
    let sealing = Pipeline::builder().stage(Stage::new("aes-gcm", aes).required()).build().unwrap();
    let mut seen = String::new();
    let secret = |encoding: &str| Payload::new(encoding, CANARY).with("secret", CANARY);
    for encoding in ["binary/sealed", "binary/encrypted", "json/plain"] {
        let error = sealing.decode(&ctx(), vec![secret(encoding)]).await.unwrap_err();
        seen += &format!("{} {error:?}", chain(&error));
        let labelled = secret(encoding)
            .with("sealed-format", "1")
            .with("sealed-key", CANARY)
            .with("encryption-key-id", CANARY);
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

#[test]
fn keys_do_not_print() {
    let material = Material::new(KEY);
    let builder = Ring::builder().key("k", &material).current("k");
    let mut seen = format!("{material:?} {builder:?}");
    let ring = builder.build().unwrap();
    seen += &format!("{ring:?} {:?}", Grants::none().keys("payments", cloakroom_tests::ring()));
    for form in [
        String::from_utf8_lossy(&KEY).into_owned(),
        STANDARD.encode(KEY),
        hex::encode(KEY),
        format!("{KEY:?}"),
    ] {
        assert!(!seen.contains(&form), "{seen}");
    }
}
