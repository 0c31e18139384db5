//! Limits on the use of keys: formats that are opened, namespaces, messages per key, and
//! which stages may be required.

use std::{fs, path::Path, sync::Arc};

use cloakroom::{
    Cloakroom, CloakroomBuilder, Codec, Context, Error, ErrorKind, Payload, Pipeline, Stage,
    codec::{Description, Encoded, Purpose},
    keys::{KeyMaterial, Ring},
    pipeline::PipelineError,
    plugin::{Grants, Limits, Reuse, Settings},
};
use cloakroom_tests::{
    KEY, ROGUE, assert_text, bundled, bundled_codecs, chain, compile_cache, ctx, host, plain,
};
use expect_test::expect;
use futures::future::BoxFuture;

async fn aes(settings: &[(&str, &str)], required: bool) -> Pipeline {
    let settings = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    let codec =
        bundled(&host(Limits::default()), "aes-gcm", settings.collect(), Reuse::Fresh).await;
    let stage = Stage::new("aes-gcm", codec);
    let stage = if required { stage.required() } else { stage };
    cloakroom_tests::pipeline().with_stage(stage).build().unwrap()
}

/// `binary/encrypted` is bound to nothing: who has one such payload could pass it off for another.
#[tokio::test(flavor = "multi_thread")]
async fn a_format_that_is_not_accepted_is_not_opened() {
    let old = aes(&[("format", "temporal")], true).await;
    let encrypted = old.encode(&ctx(), vec![plain("x")]).await.unwrap();
    let default = aes(&[], true).await;
    assert_eq!(default.decode(&ctx(), encrypted.clone()).await.unwrap(), [plain("x")]);
    let strict = aes(&[("accept", "sealed")], true).await;
    let error = strict.decode(&ctx(), encrypted.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsealed, "{}", chain(&error));
    // And one that looks so on its way out is a payload like any other.
    let sealed = strict.encode(&ctx(), encrypted.clone()).await.unwrap();
    assert_eq!(strict.decode(&ctx(), sealed).await.unwrap(), encrypted);
    let optional = aes(&[("accept", "sealed")], false).await;
    assert_eq!(optional.decode(&ctx(), encrypted.clone()).await.unwrap(), encrypted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_namespace_is_there_both_ways() {
    let pipeline = aes(&[("namespace", "require")], true).await;
    let sent = vec![plain("x")];
    let sealed = pipeline.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(pipeline.decode(&ctx(), sealed.clone()).await.unwrap(), sent);
    let anywhere = aes(&[], true).await.encode(&Context::none(), sent.clone()).await.unwrap();
    for (ctx, payload) in
        [(Context::namespace("other"), &sealed), (Context::none(), &sealed), (ctx(), &anywhere)]
    {
        let error = pipeline.decode(&ctx, payload.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{}", chain(&error));
    }
    assert!(pipeline.encode(&Context::none(), sent.clone()).await.is_err());
    let encrypted = aes(&[("format", "temporal")], true).await.encode(&ctx(), sent).await.unwrap();
    let error = pipeline.decode(&ctx(), encrypted).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsealed, "{}", chain(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_opens_nothing_is_refused() {
    for (settings, snapshot) in [
        (
            &[("accept", "")][..],
            expect![[r#"
                plugin `aes-gcm`: setting `accept` must be names of formats with commas between them: `sealed`, `temporal` or `temporal-proxy`
            "#]],
        ),
        (
            &[("accept", "sealed"), ("format", "temporal")],
            expect![[r#"
                plugin `aes-gcm`: setting `accept` leaves out the `format` that is written
            "#]],
        ),
        (
            &[("namespace", "require"), ("format", "temporal")],
            expect![[r#"
                plugin `aes-gcm`: setting `namespace = "require"` goes with format `sealed` only: others are bound to none
            "#]],
        ),
        (
            &[("namespace", "require"), ("accept", "sealed,temporal")],
            expect![[r#"
                plugin `aes-gcm`: setting `namespace = "require"` goes with format `sealed` only: others are bound to none
            "#]],
        ),
    ] {
        let settings: Settings =
            settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let ring = Arc::new(Ring::single("k", &KeyMaterial::new(KEY)).unwrap());
        let source = cloakroom::plugin::bundled("aes-gcm").unwrap();
        let plugin =
            host(Limits::default()).load(source, Grants::none().with_keys("r", ring)).await;
        let made = plugin.unwrap().codec(settings.with_setting("ring", "r"), Reuse::Fresh).await;
        let error = made.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{}", chain(&error));
        assert_text(&chain(&error), &[], &snapshot);
    }
}

const CONFIG: &str = r#"
[[stage]]
plugin = "bundled:aes-gcm"
required = true
settings = { ring = "payments", format = "FORMAT" }
grants.keys = ["payments"]

[keys.payments]
current = "one"
max_messages_per_key = 100
[keys.payments.material]
one = { file = "one" }
two = { file = "two" }
"#;

fn write(folder: &Path, text: &str) {
    fs::write(folder.join("one"), KEY).unwrap();
    fs::write(folder.join("two"), b"another that every test may know").unwrap();
    fs::write(folder.join("cloakroom.toml"), text).unwrap();
}

async fn open(folder: &Path) -> Result<Cloakroom, Error> {
    CloakroomBuilder::file(folder.join("cloakroom.toml")).with_cache(compile_cache()).open().await
}

/// Seals until it is refused. Returns how often it was not, and the error.
async fn exhaust(cloakroom: &Cloakroom) -> (usize, Error) {
    for count in 0..200 {
        if let Err(error) = cloakroom.encode(&ctx(), vec![plain("x")]).await {
            return (count, error);
        }
    }
    panic!("it seals without end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_sealed_enough_with_plain_aes_gcm_seals_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let temporal = CONFIG.replace("FORMAT", "temporal");
    write(folder.path(), &temporal);
    let cloakroom = open(folder.path()).await.unwrap();
    let sealed = cloakroom.encode(&ctx(), vec![plain("x")]).await.unwrap();
    let (count, error) = exhaust(&cloakroom).await;
    assert!((1..100).contains(&count), "{count}");
    let text = chain(&error);
    assert_eq!(error.kind(), ErrorKind::Denied, "{text}");
    assert_text(
        &text,
        &["`one`", "`payments`", "100 messages", "keys.NAME.max_messages_per_key"],
        &expect![[r#"
            stage `aes-gcm`, encoding payload 0: key `one` of key ring `payments` has sealed 100 messages with plain AES-256-GCM in this process, and no more are allowed: add another key to the ring and make it the current one (`keys.NAME.max_messages_per_key`, `keys.NAME.material`)
        "#]],
    );
    let opens = async || {
        let opened = cloakroom.decode(&ctx(), sealed.clone()).await;
        assert_eq!(opened.unwrap(), [plain("x")], "decoding stopped");
    };
    opens().await;
    // Reloading does not begin to count again: the probes of the new configuration are refused.
    assert!(cloakroom.reload().await.is_err());
    opens().await;
    write(folder.path(), &temporal.replace("current = \"one\"", "current = \"two\""));
    cloakroom.reload().await.unwrap();
    cloakroom.encode(&ctx(), vec![plain("x")]).await.unwrap();
    opens().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_format_of_this_project_has_no_such_limit() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &CONFIG.replace("FORMAT", "sealed"));
    let cloakroom = open(folder.path()).await.unwrap();
    for _ in 0..150 {
        cloakroom.encode(&ctx(), vec![plain("x")]).await.unwrap();
    }
    let beyond = CONFIG.replace("FORMAT", "sealed").replace("= 100", "= 4294967297");
    write(folder.path(), &beyond);
    let error = open(folder.path()).await.map(drop).unwrap_err();
    let text = chain(&error);
    assert_eq!(error.kind(), ErrorKind::Config, "{text}");
    assert_text(
        &text,
        &["line 10", "4294967296"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 10: [keys.payments] `max_messages_per_key` is 4294967297, and no key may seal more than 4294967296 messages with plain AES-256-GCM: write less, divided by the number of processes
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_has_a_key_if_it_imports_keys_that_it_was_granted() {
    for name in bundled_codecs() {
        let codec = bundled(&host(Limits::default()), name, Settings::none(), Reuse::Fresh).await;
        assert_eq!(codec.has_key(), ["aes-gcm", "chacha20-poly1305"].contains(&name), "{name}");
    }
}

/// A plugin that says it encrypts, without a key.
struct Keyless(Description);

impl Codec for Keyless {
    fn description(&self) -> &Description {
        &self.0
    }

    fn has_key(&self) -> bool {
        false
    }

    fn encode<'a>(
        &'a self,
        _: &'a Context,
        _: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>> {
        Box::pin(async { Ok(Encoded::Unchanged) })
    }

    fn decode<'a>(
        &'a self,
        _: &'a Context,
        payload: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        Box::pin(async { Ok(payload) })
    }
}

#[tokio::test]
async fn a_stage_without_a_key_cannot_be_required() {
    let stage = || {
        let encodings = vec!["binary/own".to_owned()];
        Stage::new("own", Keyless(Description { encodings, purpose: Purpose::Encryption }))
    };
    for required in [Stage::required, Stage::required_to_encode] {
        let built = cloakroom_tests::pipeline().with_stage(required(stage())).build();
        let expect = PipelineError::RequiredKeyless("own".to_owned());
        assert_eq!(built.map(drop).unwrap_err(), expect);
    }
    assert!(cloakroom_tests::pipeline().with_stage(stage()).build().is_ok());
}

/// It has keys, and wraps payloads as they are.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_writes_plaintext_does_not_pass_for_a_cipher() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rogue.wasm"), ROGUE).unwrap();
    let config = CONFIG
        .replace("bundled:aes-gcm", "file:rogue.wasm")
        .replace(r#"ring = "payments", format = "FORMAT""#, r#"purpose = "encryption""#)
        .replace(
            "grants.keys",
            "grants.tcp = [\"127.0.0.1:9\"]\ngrants.subkeys = [\"payments\"]\ngrants.keys",
        );
    write(folder.path(), &config);
    let error = open(folder.path()).await.map(drop).unwrap_err();
    let text = chain(&error);
    assert_eq!(error.kind(), ErrorKind::PluginRejected, "{text}");
    assert_text(
        &text,
        &["stage `rogue`", "probe `random body`"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 3, stage `rogue`, key `plugin`:  (`[folder]/rogue.wasm`): stage `rogue` failed the probe `random body`: it says that it encrypts, and what it writes has the plaintext in it
        "#]],
    );
}
