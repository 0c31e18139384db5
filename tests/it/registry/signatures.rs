//! Signatures by the policy of a configuration.

use std::fs;

use cloakroom::{
    ErrorKind,
    signature::{SignatureSet, SignedComponent, SigningKey, Statement},
};
use cloakroom_tests::{REVERSE, ZLIB_WASIP2, assert_text, chain, rigs::Registry};
use expect_test::expect;

use super::{Setup, package, push, round_trip};
use crate::secrets::Log;

/// Returns the signatures of a component.
fn sign(key: &SigningKey, name: &str, component: &[u8]) -> SignatureSet {
    let digest = SignedComponent::split(component).unwrap().digest();
    SignatureSet::sign(Statement::new(name, "1.0.0").unwrap(), digest, key)
}

fn signed(key: &SigningKey, name: &str, component: &[u8]) -> Vec<u8> {
    let set = sign(key, name, component);
    SignedComponent::split(component).unwrap().with_signatures(&set)
}

/// A configuration that trusts the key of `team-a` for its plugin `reverse.wasm`, and knows `team-b`.
struct Trust {
    setup: Setup,
    a: SigningKey,
    b: SigningKey,
}

impl Trust {
    fn new(policy: &str) -> Self {
        let ((a, _), (b, _)) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let more = format!(
            "trusted = [\"team-a\"]\n[plugins]\nsignatures = \"{policy}\"\n[plugins.keys]\n\
             team-a = {{ public = \"{}\" }}\nteam-b = {{ file = \"b.pub\" }}",
            a.public()
        );
        let setup = Setup::new("file:reverse.wasm", &more);
        fs::write(setup.path("b.pub"), b.public().to_pem()).unwrap();
        Self { setup, a, b }
    }

    fn write(&self, file: &[u8]) {
        fs::write(self.setup.path("reverse.wasm"), file).unwrap();
    }

    /// Writes the file beside the plugin.
    fn beside(&self, text: &str) {
        fs::write(self.setup.path("reverse.wasm.sig"), text).unwrap();
    }

    /// Returns the error of a plugin that the policy refuses.
    async fn refused(&self) -> String {
        let error = self.setup.refused().await;
        assert_eq!(error.kind(), ErrorKind::PluginRejected, "{}", chain(&error));
        chain(&error)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_trusted_key_signed_is_loaded() {
    let trust = Trust::new("require");
    trust.write(&signed(&trust.a, "reverse", REVERSE));
    round_trip(&trust.setup.open().await.unwrap()).await;
    trust.write(REVERSE);
    trust.beside(&sign(&trust.a, "reverse", REVERSE).to_text());
    round_trip(&trust.setup.open().await.unwrap()).await;
    // Signed in the file by one and beside it by the other.
    trust.write(&signed(&trust.b, "reverse", REVERSE));
    round_trip(&trust.setup.open().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_else_is_loaded_where_signatures_are_required() {
    let trust = Trust::new("require");
    trust.write(REVERSE);
    let text = trust.refused().await;
    assert_text(
        &text,
        &["line 2", "`team-a`", "is not signed"],
        &expect![[r#"
        [folder]/cloakroom.toml, line 2, stage `reverse`, key `plugin`: plugin `reverse` (`[folder]/reverse.wasm`): is not signed, and must be by one of `team-a` (`trusted`)
    "#]],
    );

    trust.write(&signed(&trust.b, "reverse", REVERSE));
    let text = trust.refused().await;
    assert!(text.contains("signed by other keys (1) than `team-a`"), "{text}");

    // Another plugin of the same author, in the place of this one.
    trust.write(&signed(&trust.a, "zlib", ZLIB_WASIP2));
    let text = trust.refused().await;
    assert_text(
        &text,
        &["signed as `zlib`", "signed_as"],
        &expect![[r#"
        [folder]/cloakroom.toml, line 2, stage `reverse`, key `plugin`: plugin `reverse` (`[folder]/reverse.wasm`): is signed as `zlib`, and expected as `reverse`; if that is right, write `signed_as = "zlib"`
    "#]],
    );

    // The signature of one component on another one.
    let set = sign(&trust.a, "reverse", REVERSE);
    trust.write(&SignedComponent::split(ZLIB_WASIP2).unwrap().with_signatures(&set));
    let text = trust.refused().await;
    assert!(text.contains("signature of the key") && text.contains("is wrong"), "{text}");

    // Something after the signature, which it does not cover.
    let more = [signed(&trust.a, "reverse", REVERSE), b"\0\x04\x01xyz".to_vec()].concat();
    trust.write(&more);
    let text = trust.refused().await;
    assert!(text.contains("not at its end"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_files_of_signatures_are_refused() {
    let trust = Trust::new("require");
    trust.write(REVERSE);
    for text in ["", "{}", "\0", &"[".repeat(1 << 16), &"x".repeat(1 << 20)] {
        trust.beside(text);
        let text = trust.refused().await;
        assert!(text.contains("signatures") && text.len() < 1000, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_expected_is_accepted() {
    let trust = Trust::new("require");
    trust.write(&signed(&trust.a, "team/other", REVERSE));
    let text = trust.setup.text().replace("trusted =", "signed_as = \"team/other\"\ntrusted =");
    fs::write(trust.setup.config(), text).unwrap();
    round_trip(&trust.setup.open().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_loads_the_plugin_and_off_says_nothing() {
    for (policy, warns) in [("warn", true), ("off", false)] {
        let trust = Trust::new(policy);
        trust.write(REVERSE);
        let (log, guard) = Log::start();
        round_trip(&trust.setup.open().await.unwrap()).await;
        drop(guard);
        assert_eq!(log.text().contains("is not signed"), warns, "{}", log.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_named_for_each_plugin() {
    let trust = Trust::new("require");
    trust.write(&signed(&trust.a, "reverse", REVERSE));
    let text = trust.setup.text();
    fs::write(trust.setup.config(), text.replace("trusted = [\"team-a\"]\n", "")).unwrap();
    let error = trust.setup.refused().await;
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_text(
        &chain(&error),
        &["trusted", "`team-a`, `team-b`"],
        &expect![[r#"
        [folder]/cloakroom.toml, line 1: stage `reverse`: `plugins.signatures = "require"`, and nothing says which keys may sign this plugin: there are `team-a`, `team-b`; write `trusted = ["NAME"]`
    "#]],
    );
    fs::write(trust.setup.config(), text.replace("[\"team-a\"]", "[\"team-c\"]")).unwrap();
    let error = trust.setup.refused().await;
    assert_text(
        &chain(&error),
        &["line 3", "`team-c`"],
        &expect![[r#"
        [folder]/cloakroom.toml, line 3: stage `reverse`: `trusted` names `team-c`, and there is no such key; did you mean `team-a`?
    "#]],
    );
    fs::write(trust.setup.config(), text.replace("public = \"", "public = \"x")).unwrap();
    let error = trust.setup.refused().await;
    assert_text(
        &chain(&error),
        &["plugins.keys.team-a"],
        &expect![[r#"
        [folder]/cloakroom.toml, line 7: [plugins.keys.team-a] is no Ed25519 public key: write the text that `openssl pkey -in KEY.pem -pubout` prints, or its base64 on one line
    "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_travel_in_the_file_and_in_the_manifest() {
    let registry = Registry::open();
    let trust = Trust::new("require");
    let more =
        trust.setup.text().split_once('\n').unwrap().1.split_once('\n').unwrap().1.to_owned();
    let signatures = sign(&trust.a, "reverse", REVERSE);
    for (tag, package, is_signed) in [
        ("file", package(&signed(&trust.a, "reverse", REVERSE)), true),
        ("manifest", package(REVERSE).with_signatures(&signatures), true),
        ("none", package(REVERSE), false),
        ("other", package(ZLIB_WASIP2).with_signatures(&signatures), false),
    ] {
        let to = format!("oci://{}/team/reverse:{tag}", registry.host());
        let pinned = push(&to, &package).await.reference.to_string();
        trust.setup.write(&pinned, &more);
        trust.setup.builder().pull().await.unwrap();
        if is_signed {
            round_trip(&trust.setup.open().await.unwrap()).await;
        } else {
            trust.refused().await;
        }
    }
}
