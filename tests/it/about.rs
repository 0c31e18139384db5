//! Descriptions that plugins give of themselves: the host believes little, and holds them to their settings.

use std::{fs, time::Duration};

use cloakroom::{
    Cloakroom, CloakroomBuilder, Codec as _, Context, Error, ErrorKind, Payload,
    codec::Encoded,
    plugin::{About, Grants, Limits, Plugin, Reuse, SettingKind, Settings, Source},
};
use cloakroom_tests::{
    REVERSE, ROGUE, assert_text, chain, compile_cache, host, plain, rogue_grants,
};
use expect_test::{Expect, expect};

/// The rogue with an attack in its file: it is asked before there are settings.
fn rogue(attack: &str) -> Vec<u8> {
    let mark = b"rogue-about-attack:";
    let mut bytes = ROGUE.to_vec();
    let at = bytes.windows(mark.len()).position(|window| window == mark).unwrap() + mark.len();
    bytes[at..at + attack.len()].copy_from_slice(attack.as_bytes());
    bytes[at + attack.len()..at + 13].fill(b';');
    bytes
}

async fn load(attack: &str, limits: Limits) -> Plugin {
    let source = Source::bytes(attack, rogue(attack));
    host(limits).load(source, rogue_grants()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bundled_plugin_describes_itself() {
    let host = host(Limits::default());
    for name in cloakroom::plugin::bundled_names() {
        let source = cloakroom::plugin::bundled(name).unwrap();
        let plugin = host.load(source, Grants::for_inspection()).await.unwrap();
        let about = plugin.about().await.unwrap().expect(name);
        assert_eq!(about.version, env!("CARGO_PKG_VERSION"), "{name}");
        assert_eq!(about.licence, "Apache-2.0", "{name}");
        assert!(about.name.contains(name) && !about.summary.is_empty(), "{name}: {about:?}");
        let is_described = |setting: &cloakroom::plugin::SettingSchema| {
            !setting.description.is_empty() && !setting.description.ends_with('.')
        };
        assert!(about.settings.iter().all(is_described), "{name}: {about:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_of_a_third_party_describes_itself() {
    let host = host(Limits::default());
    let plugin = host.load(Source::bytes("reverse", REVERSE), Grants::none()).await.unwrap();
    let About { settings, metadata_names, .. } = plugin.about().await.unwrap().unwrap().clone();
    assert_eq!(metadata_names, Vec::<String>::new());
    let [least] = &*settings else { panic!("{settings:?}") };
    assert_eq!((&*least.name, least.default.as_deref()), ("least", Some("0")));
    assert_eq!(least.kind, SettingKind::Integer { least: 0, most: 1_000_000 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_description_is_refused() {
    let limits = || Limits { time: Duration::from_millis(500), ..Limits::default() };
    for (attack, kind, says) in [
        ("trap", ErrorKind::Trapped, "trapped"),
        ("loop", ErrorKind::LimitExceeded(cloakroom::Limit::Time), "took longer"),
        ("long", ErrorKind::LimitExceeded(cloakroom::Limit::Output), "in one list"),
        ("many", ErrorKind::Protocol, "more than 64 settings"),
        ("endless", ErrorKind::LimitExceeded(cloakroom::Limit::Output), "in one list"),
        ("twice", ErrorKind::Protocol, "setting `a` twice"),
        ("shout", ErrorKind::Protocol, "lower-case"),
        ("beyond", ErrorKind::Protocol, "default that is not a number from 1 to 2"),
        ("greedy", ErrorKind::Protocol, "`encoding`"),
    ] {
        let plugin = load(attack, limits()).await;
        let error = plugin.about().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{attack}: {error}");
        assert!(error.to_string().contains(says), "{attack}: {error}");
        assert_eq!(error.plugin(), Some(attack));
        // It is no codec either, whatever its settings are.
        let codec = plugin.codec(Settings::none(), Reuse::Fresh).await.map(drop);
        assert_eq!(codec.unwrap_err().kind(), kind, "{attack}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn control_characters_do_not_reach_a_terminal() {
    let plugin = load("paint", Limits::default()).await;
    let about = plugin.about().await.unwrap().unwrap();
    assert_eq!((&*about.name, &*about.summary), ("a [2J b c", "a [2J b c"));
    assert_eq!(about.homepage.as_deref(), Some("a [2J b c"));
}

/// A codec that keeps the encoding of what it replaces is found by its metadata.
#[tokio::test(flavor = "multi_thread")]
async fn a_codec_is_found_by_a_name_of_metadata() {
    let codec = async |attack| {
        let plugin = load(attack, Limits::default()).await;
        plugin.codec(Settings::none(), Reuse::Fresh).await.unwrap()
    };
    let ctx = Context::none();
    let sent = Payload::new("json/plain", "mark");
    let unnamed = codec("none").await;
    let error = unnamed.encode(&ctx, &sent).await.unwrap_err();
    assert!(error.to_string().contains("an encoding that it did not declare"), "{error}");

    let pipeline = cloakroom_tests::pipeline()
        .with_stage(cloakroom::Stage::new("rogue", codec("mark").await))
        .build()
        .unwrap();
    let encoded = pipeline.encode(&ctx, vec![sent.clone()]).await.unwrap();
    assert_eq!(encoded[0].encoding(), Some("json/plain"));
    assert!(encoded[0].metadata.contains_key("x-rogue"));
    assert_eq!(pipeline.decode(&ctx, encoded).await.unwrap(), [sent]);
    // Without the entry nothing is the codec's, although the encoding is the same.
    let foreign = vec![Payload::new("json/plain", "{}")];
    assert_eq!(pipeline.decode(&ctx, foreign.clone()).await.unwrap(), foreign);
    // A payload that claims the entry must not stay as it is: decoding would undo what was never done.
    let mut claiming = plain("leave");
    claiming.metadata.insert("x-rogue".to_owned(), bytes::Bytes::from_static(b"1"));
    let error = pipeline.encode(&ctx, vec![claiming]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    // A codec that writes without its own mark is refused as before.
    let marked = codec("mark").await;
    let strange = Payload::new("json/plain", "undeclared-encoding");
    let refused = marked.encode(&ctx, &strange).await.map(|encoded| match encoded {
        Encoded::Changed(_) => "changed",
        Encoded::Unchanged => "unchanged",
    });
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Protocol);
}

async fn open(text: &str) -> Result<Cloakroom, Error> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("reverse.wasm"), REVERSE).unwrap();
    fs::write(folder.path().join("key"), cloakroom_tests::KEY).unwrap();
    let path = folder.path().join("cloakroom.toml");
    fs::write(&path, text).unwrap();
    CloakroomBuilder::file(path).with_cache(compile_cache()).open().await
}

async fn refused(text: &str, facts: &[&str], snapshot: &Expect) {
    let error = open(text).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert_text(&chain(&error), facts, snapshot);
}

/// The host knows the settings of a plugin in any language, and the line of each.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_are_refused_at_their_line() {
    let reverse = |settings: &str| {
        format!("[[stage]]\nplugin = \"file:reverse.wasm\"\n[stage.settings]\n{settings}\n")
    };
    refused(
        &reverse("least = 0\nlaest = 1"),
        &["line 5", "`least`"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 5, stage `reverse`, key `settings.laest`: plugin `reverse` (`[folder]/reverse.wasm`): unknown setting `laest`: did you mean `least`?
        "#]],
    )
    .await;
    refused(
        &reverse("least = \"some\""),
        &["line 4", "1000000"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 4, stage `reverse`, key `settings.least`: plugin `reverse` (`[folder]/reverse.wasm`): setting `least` must be a number from 0 to 1000000
        "#]],
    )
    .await;
    refused(
        &reverse("least = [\"1\", \"2\"]"),
        &["line 4", "1000000"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 4, stage `reverse`, key `settings.least`: plugin `reverse` (`[folder]/reverse.wasm`): setting `least` must be a number from 0 to 1000000
        "#]],
    )
    .await;
    assert!(open(&reverse("least = 7")).await.is_ok());
    let sealing = "[[stage]]\nplugin = \"bundled:aes-gcm\"\nsettings = { format = \"sealed\" }\n\
                   grants.keys = [\"k\"]\n[keys.k]\ncurrent = \"1\"\n\
                   material = { 1 = { file = \"key\" } }\n";
    refused(
        sealing,
        &["line 3", "`ring`"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 3, stage `aes-gcm`, key `settings`: plugin `aes-gcm`: setting `ring` is needed
        "#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_fails_to_describe_itself_is_refused_at_its_key() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rogue.wasm"), rogue("twice")).unwrap();
    fs::write(folder.path().join("key"), cloakroom_tests::KEY).unwrap();
    let path = folder.path().join("cloakroom.toml");
    let text = "[[stage]]\nplugin = \"file:rogue.wasm\"\ngrants.keys = [\"k\"]\n\
                grants.subkeys = [\"k\"]\n[keys.k]\ncurrent = \"1\"\n\
                material = { 1 = { file = \"key\" } }\n";
    fs::write(&path, text).unwrap();
    let builder = CloakroomBuilder::file(&path).with_cache(compile_cache());
    let error = builder.open().await.map(drop).unwrap_err();
    assert_text(
        &chain(&error),
        &["line 2", "key `plugin`"],
        &expect![[r#"
        [folder]/cloakroom.toml, line 2, stage `rogue`, key `plugin`: plugin `rogue` (`[folder]/rogue.wasm`): describes setting `a` twice
    "#]],
    );
}

/// The tables of the page come from the plugins. `UPDATE_EXPECT=1` writes them anew.
#[tokio::test(flavor = "multi_thread")]
async fn the_settings_in_the_documentation_are_the_plugins() {
    const BEGIN: &str = "<!-- settings: written by the test `about` -->\n";
    const END: &str = "<!-- end of settings -->\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../host/docs/plugins.md");
    let page = fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    let (host, mut pages) = (host(Limits::default()), Vec::new());
    for name in cloakroom::plugin::bundled_names() {
        let source = cloakroom::plugin::bundled(name).unwrap();
        let plugin = host.load(source, Grants::for_inspection()).await.unwrap();
        pages.push(plugin.about().await.unwrap().unwrap().markdown(&format!("bundled:{name}")));
    }
    let expect = format!("\n{}\n", pages.join("\n"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(path, format!("{before}{BEGIN}{expect}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(found, expect, "write it anew with UPDATE_EXPECT=1");
}
