//! Locking: what was accepted is what is loaded, and more is refused.

use std::fs;

use cloakroom::{Error, ErrorKind, registry::Difference};
use cloakroom_tests::{REVERSE, ZLIB_WASIP2, assert_text, chain, rigs::Registry};
use expect_test::expect;

use super::{Setup, package, push, round_trip};

fn wasm(name: &str) -> &'static [u8] {
    cloakroom_bundle::find(name).unwrap().wasm
}

async fn lock(setup: &Setup) -> Result<(), Error> {
    setup.builder().lock(false).await?.write()
}

/// One line for each difference.
fn shown(differences: &[Difference]) -> Vec<String> {
    let line = |one: &Difference| {
        format!("{} [{}] [{}] {} {}", one.kind, one.before, one.now, one.grant, one.is_granted)
    };
    differences.iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_pinned_and_its_comments_stay() {
    let setup = Setup::new("file:reverse.wasm", "reuse = \"warm\"  # why not\n\n# The end.");
    fs::write(setup.path("reverse.wasm"), REVERSE).unwrap();
    let before = setup.text();
    lock(&setup).await.unwrap();
    // The plugin says its name and its version, and nobody signed them.
    let locked = fs::read_to_string(setup.path("cloakroom.lock")).unwrap();
    assert!(locked.contains("name = \"reverse-codec\"") && locked.contains("version = \"0.1.0\""));
    assert!(!locked.contains("signed"), "{locked}");
    let text = setup.text();
    let digest = text.lines().find(|line| line.starts_with("digest = ")).unwrap();
    assert_eq!(text.replace(&format!("{digest}\n"), ""), before);
    round_trip(&setup.open().await.unwrap()).await;
    assert!(setup.builder().lock(false).await.unwrap().is_current().unwrap());

    // Another file, and a digest that somebody wrote with it.
    fs::write(setup.path("reverse.wasm"), ZLIB_WASIP2).unwrap();
    fs::write(setup.config(), text.replace(&format!("{digest}\n"), "")).unwrap();
    let error = setup.refused().await;
    assert_eq!(error.kind(), ErrorKind::PluginRejected);
    assert_text(
        &chain(&error),
        &["line 2", "cloakroom lock"],
        &expect![[r#"
        [folder]/cloakroom.toml, line 2, stage `reverse`, key `plugin`: plugin `reverse` (`[folder]/reverse.wasm`): was changed since it was locked: the lock file has sha256:[digest], found sha256:[digest]; run `cloakroom lock` to see and accept the difference
    "#]],
    );
    let plan = setup.builder().lock(false).await.unwrap();
    assert!(!plan.is_current().unwrap() && !plan.is_granted());
    let kinds: Vec<_> = plan.differences().iter().map(|one| one.kind).collect();
    assert_eq!(kinds, ["encoding", "encoding"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_nobody_locked_is_refused() {
    let setup = Setup::new("file:reverse.wasm", "");
    fs::write(setup.path("reverse.wasm"), REVERSE).unwrap();
    fs::write(setup.path("zlib.wasm"), ZLIB_WASIP2).unwrap();
    lock(&setup).await.unwrap();
    let two = setup.text() + "[[stage]]\nplugin = \"file:zlib.wasm\"\n";
    fs::write(setup.config(), two).unwrap();
    let error = setup.refused().await;
    assert_eq!(error.kind(), ErrorKind::PluginRejected);
    assert_text(
        &chain(&error),
        &["cloakroom lock"],
        &expect![[r#"
        [folder]/cloakroom.toml, line 6, stage `zlib`, key `plugin`: plugin `zlib` (`[folder]/zlib.wasm`): is not in the lock file beside the configuration: run `cloakroom lock`
    "#]],
    );
    lock(&setup).await.unwrap();
    round_trip(&setup.open().await.unwrap()).await;
    fs::write(setup.path("cloakroom.lock"), "version = 2").unwrap();
    let error = setup.refused().await;
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("of another version"), "{error}");
}

/// A tag moves to a plugin that wants the host's keys.
#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_asks_for_more_shows_what() {
    let registry = Registry::open();
    let tagged = format!("oci://{}/team/codec:1", registry.host());
    push(&tagged, &package(wasm("zstd"))).await;
    let setup = Setup::new(&tagged, "");
    lock(&setup).await.unwrap();
    let first = setup.text();
    push(&tagged, &package(wasm("aes-gcm"))).await;

    // The tag is not looked at again, unless somebody asks for it.
    assert!(setup.builder().lock(false).await.unwrap().is_current().unwrap());
    round_trip(&setup.open().await.unwrap()).await;
    fs::write(setup.config(), format!("{first}settings = {{ ring = \"r\" }}\n")).unwrap();
    let plan = setup.builder().lock(true).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_text(
        &shown(plan.differences()).join("\n"),
        &["grants.keys false"],
        &expect![[r#"
            world [compressor] [cipher]  false
            encoding [] [binary/encrypted]  false
            encoding [] [binary/sealed]  false
            import [] [cloakroom:plugin/keys] grants.keys false
            encoding [binary/zstd] []  false
        "#]],
    );
    assert!(!plan.is_granted());

    let granted = format!(
        "{first}settings = {{ ring = \"r\" }}\ngrants.keys = [\"r\"]\n[keys.r]\ncurrent = \"1\"\n\
         material = {{ 1 = {{ file = \"key\" }} }}\n"
    );
    fs::write(setup.path("key"), cloakroom_tests::KEY).unwrap();
    fs::write(setup.config(), granted).unwrap();
    let plan = setup.builder().lock(true).await.unwrap();
    let keys = plan.differences().iter().find(|one| one.now.ends_with("/keys")).unwrap();
    assert!(keys.is_granted, "{keys:?}");
    assert!(!plan.is_granted(), "another world and other encodings need more than a grant");
    plan.write().unwrap();
    round_trip(&setup.open().await.unwrap()).await;
    assert!(setup.builder().lock(true).await.unwrap().differences().is_empty());
}

/// Pins a new digest by hand, past `cloakroom lock`.
#[tokio::test(flavor = "multi_thread")]
async fn a_digest_that_was_written_by_hand_does_not_pass_the_lock_file() {
    let registry = Registry::open();
    let tagged = format!("oci://{}/team/codec:1", registry.host());
    let first = push(&tagged, &package(REVERSE)).await.reference.to_string();
    let setup = Setup::new(&first, "");
    lock(&setup).await.unwrap();
    let second = push(&tagged, &package(ZLIB_WASIP2)).await.reference.to_string();
    setup.write(&second, "");
    setup.builder().pull().await.unwrap();
    let error = setup.refused().await;
    assert_eq!(error.kind(), ErrorKind::PluginRejected, "{error}");
    setup.write(&first, "");
    round_trip(&setup.open().await.unwrap()).await;
}
