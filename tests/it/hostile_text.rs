//! Hostile text, in every place where a guest or a stranger can put some: what is shown of it is
//! bounded, on one line and without control characters, and no canary is in it.

use std::fmt::Write as _;

use cloakroom::{
    CloakroomBuilder, Codec as _, Error, ErrorKind, Payload, Stage,
    inspect::clean,
    keys::{KeyMaterial, Ring},
    metric,
    pipeline::{Kind, SizeLabels, SizeMeter},
    plugin::{Grants, Limits, PluginCodec, Reuse, Settings, Source},
};
use cloakroom_tests::{ROGUE, ROGUE_WASIP2, bundled, chain, ctx, host, plain, ring, rogue_grants};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::json;

use crate::secrets::Log;

/// The mark of what must not be seen.
const CANARY: &str = "canary";

/// The most bytes of a line that is shown.
const LINE: usize = 12_000;

/// Returns whether a character ends a line, moves a cursor, or turns the direction of writing.
fn acts(character: char) -> bool {
    let turns = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{61c}' | '\u{feff}');
    character.is_control() || turns
}

/// Asserts that a text is bounded, on one line and acts on nobody's terminal.
#[track_caller]
pub(crate) fn assert_clean(text: &str) {
    let shown: String = text.chars().take(400).collect();
    assert!(!text.chars().any(acts), "acts: {}", shown.escape_debug());
    assert!(text.len() < LINE, "{} bytes: {}", text.len(), shown.escape_debug());
}

/// An error in all the ways that it is shown.
#[track_caller]
fn assert_hidden(error: &Error) -> String {
    let text = error.report();
    for shown in [&text, &error.to_string(), &format!("{error:?}"), &chain(error)] {
        assert_clean(shown);
        assert!(!shown.contains(CANARY), "{shown}");
    }
    text
}

/// Lines of a log. A line break that a stranger wrote would begin one without a level.
#[track_caller]
fn assert_log(log: &Log) -> String {
    let text = log.text();
    let levels = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];
    for line in text.lines() {
        assert_clean(line);
        assert!(levels.iter().any(|level| line.contains(level)), "forged: {line}");
    }
    text
}

/// Texts that a terminal, a log or a reader would act on.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "canary",
        "canary\n2026-11-26T20:00:00Z ERROR forged",
        "canary\r\n\r\nHTTP/1.1 200 OK",
        "\u{1b}[2J\u{1b}]0;canary\u{7}",
        "\u{9b}31mcanary",
        "\u{202e}yranac canary\u{2066}",
        "canary\u{2028}\u{2029}\u{85}\u{b}\u{c}",
        "canary\0\u{feff}\u{200b}\u{e0041}",
    ]
    .map(str::to_owned)
    .into();
    texts.push("canary \n\u{1b}[31m".repeat((1 << 20) / 12));
    texts
}

async fn rogue(
    wasm: &'static [u8],
    grants: Grants,
    settings: Settings,
) -> Result<PluginCodec, Error> {
    let plugin = host(Limits { log: cloakroom::ByteSize::mib(8), ..Limits::default() });
    let plugin = plugin.load(Source::bytes("rogue", wasm), grants).await.unwrap();
    plugin.codec(settings, Reuse::Warm).await
}

/// All errors that a guest can return, and all that it can ask for.
const QUOTES: [(&str, ErrorKind); 8] = [
    ("quote-malformed", ErrorKind::Malformed),
    ("quote-misconfigured", ErrorKind::Config),
    ("quote-denied", ErrorKind::Denied),
    ("quote-not-found", ErrorKind::NotFound),
    ("quote-unavailable", ErrorKind::Unavailable),
    ("quote-too-large", ErrorKind::LimitExceeded(cloakroom::Limit::Payload)),
    ("quote-other", ErrorKind::Failed),
    ("ask-ring", ErrorKind::Denied),
];

/// On one thread, as everywhere below, since the log is that of this thread.
#[tokio::test(flavor = "current_thread")]
async fn a_guests_words_are_not_shown() {
    let (log, _guard) = Log::start();
    let codec = rogue(ROGUE, rogue_grants(), Settings::none()).await.unwrap();
    let pipeline =
        cloakroom_tests::pipeline().with_stage(Stage::new("rogue", codec)).build().unwrap();
    for text in hostile() {
        for (attack, kind) in QUOTES {
            let sent = plain(attack).with_metadata("words", text.clone());
            let error = pipeline.encode(&ctx(), vec![sent]).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{attack}: {}", chain(&error));
            let shown = assert_hidden(&error);
            for part in ["stage `rogue`", "encoding payload 0"] {
                assert!(shown.contains(part), "{shown}");
            }
            assert!(attack == "ask-ring" || shown.contains("`Grants::with_log`)"), "{shown}");
        }
    }
    for wasm in [ROGUE, ROGUE_WASIP2] {
        let codec = rogue(wasm, rogue_grants(), Settings::none()).await.unwrap();
        for attack in ["log-words", "print-words"] {
            let sent = plain(attack).with_metadata("words", "canary\nERROR");
            codec.encode(&ctx(), &sent).await.unwrap();
        }
    }
    let log = assert_log(&log);
    assert!(!log.contains(CANARY), "{log}");
}

#[tokio::test(flavor = "current_thread")]
async fn with_its_log_granted_they_are_clean() {
    let (log, _guard) = Log::start();
    let codec = rogue(ROGUE, rogue_grants().with_log(), Settings::none()).await.unwrap();
    let wasi = rogue(ROGUE_WASIP2, rogue_grants().with_log(), Settings::none()).await.unwrap();
    for text in hostile() {
        for (attack, kind) in QUOTES {
            let sent = plain(attack).with_metadata("words", text.clone());
            let error = codec.encode(&ctx(), &sent).await.map(drop).unwrap_err();
            assert_eq!(error.kind(), kind, "{attack}");
            for shown in [chain(&error), error.report(), format!("{error:?}")] {
                assert_clean(&shown);
            }
            assert!(attack == "ask-ring" || chain(&error).contains(CANARY), "{}", chain(&error));
        }
        for (codec, attack) in [(&codec, "log-words"), (&wasi, "print-words")] {
            let sent = plain(attack).with_metadata("words", text.clone());
            codec.encode(&ctx(), &sent).await.unwrap();
        }
    }
    assert!(assert_log(&log).contains(CANARY));
}

#[tokio::test(flavor = "current_thread")]
async fn a_description_is_clean() {
    let (log, _guard) = Log::start();
    for text in hostile() {
        for lie in ["quote", "quote-encoding"] {
            let settings =
                Settings::none().with_setting("describe", lie).with_setting("words", &text);
            match rogue(ROGUE, rogue_grants(), settings).await {
                Ok(codec) => assert!(
                    codec.description().encodings.iter().all(|name| !name.chars().any(acts))
                ),
                Err(error) => assert_clean(&format!("{} {error:?}", chain(&error))),
            }
        }
    }
    assert_log(&log);
}

/// The id of a key stands in the clear beside the payload, and is shown: an operator has to know
/// which key is missing.
#[tokio::test(flavor = "current_thread")]
async fn names_that_strangers_write_into_a_payload_are_clean() {
    let (log, _guard) = Log::start();
    let aes = bundled(&host(Limits::default()), "aes-gcm", Settings::none(), Reuse::Fresh).await;
    let pipeline = cloakroom_tests::pipeline()
        .with_stage(Stage::new("aes-gcm", aes).required())
        .build()
        .unwrap();
    for text in hostile() {
        let ctx = cloakroom::Context::namespace(text.clone());
        let ctx = ctx.with_target(Kind::Workflow, &text, &text, None);
        let reference = json!({
            "driverName": text,
            "claimData": { "bucket": text, "key": text, "hash_value": text, text.clone(): text },
        });
        let sealed = |encoding: &str, key: &str| {
            Payload::new(encoding, CANARY)
                .with_metadata("secret", text.clone())
                .with_metadata("sealed-format", "1")
                .with_metadata(key, text.clone())
        };
        for payload in [
            Payload::new(&text, CANARY).with_metadata("secret", text.clone()),
            sealed("binary/sealed", "sealed-key"),
            sealed("binary/encrypted", "encryption-key-id"),
            Payload::new("json/protobuf", reference.to_string())
                .with_metadata("messageType", "temporal.api.sdk.v1.ExternalStorageReference"),
        ] {
            let error = pipeline.decode(&ctx, vec![payload]).await.unwrap_err();
            for shown in [chain(&error), error.report(), format!("{error:?}")] {
                assert_clean(&shown);
            }
        }
    }
    assert_log(&log);
}

/// A component whose import, or export, has this name. Nothing else is in it.
fn component(section: u8, name: &str) -> Vec<u8> {
    let leb = |mut number: usize| {
        let mut bytes = Vec::new();
        loop {
            let more = number > 0x7f;
            bytes.push((number & 0x7f) as u8 | if more { 0x80 } else { 0 });
            number >>= 7;
            if !more {
                return bytes;
            }
        }
    };
    // One entry: its name, a function of type 0; an export says as well that it ascribes no type.
    let mut body = vec![1, 0];
    body.extend(leb(name.len()));
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(if section == 10 { &[1, 0] } else { &[1, 0, 0] });
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    bytes.push(section);
    bytes.extend(leb(body.len()));
    bytes.extend(body);
    bytes
}

#[tokio::test(flavor = "current_thread")]
async fn names_in_a_plugin_are_clean() {
    let (log, _guard) = Log::start();
    let host = host(Limits::default());
    let folder = tempfile::tempdir().unwrap();
    for text in hostile() {
        for section in [10, 11] {
            for name in
                [text.clone(), format!("cloakroom:plugin/codec@{text}"), format!("wasi:{text}")]
            {
                let bytes = component(section, &name);
                let path = folder.path().join("plugin.wasm");
                std::fs::write(&path, &bytes).unwrap();
                let loaded = host.load(Source::file(&path), Grants::none()).await;
                let error = loaded.map(drop).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::PluginRejected, "{}", chain(&error));
                assert_clean(&chain(&error));
            }
        }
    }
    assert_log(&log);
    let name = "x\u{1b}[2J\u{202e}".repeat(1 << 16);
    std::fs::write(folder.path().join("plugin.wasm"), component(10, &name)).unwrap();
    let path = folder.path().join("plugin.wasm").display().to_string();
    let output = crate::cli::run(&["inspect", &path], "");
    for text in [output.stdout, output.stderr] {
        String::from_utf8(text).unwrap().lines().for_each(assert_clean);
    }
}

/// An operator may open a file that somebody else wrote.
#[tokio::test(flavor = "current_thread")]
async fn names_in_a_configuration_are_clean() {
    let (log, _guard) = Log::start();
    for text in hostile() {
        let name: toml::Value = text.clone().into();
        for config in [
            format!("[[stage]]\nplugin = {name}"),
            format!("[[stage]]\nplugin = \"file:x\"\nname = {name}"),
            format!("[[stage]]\nplugin = \"bundled:zstd\"\nname = {name}\ngrants.keys = [{name}]"),
            format!("[[stage]]\nplugin = \"bundled:zstd\"\nsettings = {{ {name} = {name} }}"),
            format!(
                "[keys.{name}]\ncurrent = {name}\nmaterial = {{ {name} = {{ env = {name} }} }}"
            ),
            format!("[buckets.{name}]\nurl = {name}\n{name} = {name}"),
            format!("{name} = 1"),
        ] {
            let opened = CloakroomBuilder::text(&config).open().await;
            let error = opened.map(drop).expect_err(&config.escape_debug().to_string());
            for shown in [chain(&error), error.report(), format!("{error:?}")] {
                assert_clean(&shown);
            }
        }
    }
    assert_log(&log);
}

#[test]
fn labels_are_clean() {
    let snapshotter = crate::metrics::record();
    let scale = SizeMeter::new(metric::SIZES);
    for text in hostile() {
        for activity in [None, Some(&*text)] {
            let subject = SizeLabels { namespace: &text, workflow: &text, activity };
            let _ = scale.weigh(cloakroom::pipeline::Budget { max: 100, percent: 100 }, 1, subject);
        }
    }
    let all = snapshotter.snapshot().into_vec();
    assert!(all.iter().any(|(key, ..)| key.key().name() == metric::WORKFLOW_RATIO));
    for (key, ..) in &all {
        for label in key.key().labels() {
            assert_clean(label.value());
            assert!(label.value().chars().count() <= 128, "{}", label.value());
        }
    }
}

/// Any text in an error is shown as one bounded line.
#[test]
fn any_text_in_an_error_is_one_bounded_line() {
    let text = prop::collection::vec(any::<char>(), 0..5000).prop_map(String::from_iter);
    let checked = TestRunner::default().run(&text, |text| {
        let error = Error::new(ErrorKind::Failed, text.clone());
        let error = error.in_plugin(&text).at_place(&text).at_stage(
            &text,
            cloakroom::pipeline::Direction::Encode,
            0,
        );
        for shown in [error.to_string(), error.report(), format!("{error:?}"), clean(&text, 64)] {
            prop_assert!(!shown.chars().any(acts), "{}", shown.escape_debug());
        }
        prop_assert!(error.to_string().chars().count() < 6000);
        prop_assert!(error.report().chars().count() <= 2000);
        prop_assert!(clean(&text, 64).chars().count() <= 64);
        Ok(())
    });
    checked.unwrap();
}

/// Keys and tokens do not show, whatever goes wrong with them.
#[test]
fn bad_keys_do_not_show() {
    let mut seen = String::new();
    for text in hostile() {
        let error = KeyMaterial::from_base64(&text).unwrap_err();
        write!(seen, "{error} {error:?}").unwrap();
        let ring = Ring::builder()
            .with_key(&text, &KeyMaterial::new([7; 32]))
            .with_current("none")
            .build();
        let error = ring.unwrap_err();
        write!(seen, "{error} {error:?}").unwrap();
    }
    assert!(!seen.contains(CANARY), "{seen}");
    let _ = ring();
}
