//! Rings, sharing and modes of namespaces, for whoever opens a configuration.

mod served;
mod storage;

use std::sync::Arc;

use cloakroom::{
    Cloakroom, CloakroomBuilder, Context, Error, ErrorKind, Payload,
    keys::{KeyMaterial, KeyRing, Ring},
};
use cloakroom_tests::{assert_text, chain, compile_cache, plain};
use expect_test::expect;

/// Two namespaces with a ring each, and others under the common one.
const RINGS: &str =
    "[namespace.shop]\nring = \"shop-keys\"\n[namespace.billing]\nring = \"billing-keys\"\n";

const ALL: &str = "[\"common\", \"shop-keys\", \"billing-keys\"]";

/// Encrypts under the ring `common` with these settings besides.
fn aes(settings: &str) -> String {
    format!(
        "[[stage]]\nplugin = \"bundled:aes-gcm\"\nrequired = \"encode\"\n\
         settings = {{ ring = \"common\"{settings} }}\ngrants.keys = {ALL}\n"
    )
}

fn ring(id: &str, byte: u8) -> Arc<dyn KeyRing> {
    Arc::new(Ring::single(id, &KeyMaterial::new([byte; 32])).unwrap())
}

/// All rings have a key of the same name, as rings by date do.
fn builder(text: String) -> CloakroomBuilder {
    CloakroomBuilder::text(text)
        .with_key_ring("common", ring("2026-11", 1))
        .with_key_ring("shop-keys", ring("2026-11", 2))
        .with_key_ring("billing-keys", ring("2026-11", 3))
        .with_cache(compile_cache())
}

async fn open(text: String) -> Cloakroom {
    builder(text).open().await.map_err(|error| chain(&error)).unwrap()
}

fn sent() -> Vec<Payload> {
    vec![plain("a payload")]
}

async fn encode(cloakroom: &Cloakroom, namespace: &str) -> Vec<Payload> {
    cloakroom.encode(&Context::namespace(namespace), sent()).await.unwrap()
}

async fn decode(
    cloakroom: &Cloakroom,
    namespace: &str,
    payloads: &[Payload],
) -> Result<Vec<Payload>, Error> {
    cloakroom.decode(&Context::namespace(namespace), payloads.to_vec()).await
}

/// Returns who of these opens a payload.
async fn readers(cloakroom: &Cloakroom, payloads: &[Payload]) -> Vec<&'static str> {
    let mut readers = Vec::new();
    for namespace in ["shop", "billing", "other"] {
        match decode(cloakroom, namespace, payloads).await {
            Ok(decoded) => {
                assert_eq!(decoded, sent());
                readers.push(namespace);
            }
            Err(error) => assert!(!error.kind().is_transient(), "{}", chain(&error)),
        }
    }
    readers
}

/// The ciphers and formats. Some bind the namespace to a payload, others leave that to the ring.
fn ciphers() -> [String; 4] {
    let chacha = format!(
        "[[stage]]\nplugin = \"bundled:chacha20-poly1305\"\nsettings = {{ ring = \"common\" }}\n\
         grants.subkeys = {ALL}\n"
    );
    let record = aes(", namespace = \"record\"");
    [aes(""), record, aes(", format = \"temporal\""), chacha]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_opens_under_the_ring_of_its_namespace_alone() {
    for cipher in ciphers() {
        let cloakroom = open(cipher.clone() + RINGS).await;
        for namespace in ["shop", "billing", "other"] {
            let sealed = encode(&cloakroom, namespace).await;
            assert_eq!(readers(&cloakroom, &sealed).await, [namespace], "{cipher}");
        }
        // Nobody who leaves the namespace out gets at the keys of one.
        let sealed = encode(&cloakroom, "shop").await;
        assert!(cloakroom.decode(&Context::none(), sealed).await.is_err(), "{cipher}");
        // Without rings of their own, both have the common one, as before.
        let before = open(cipher.clone()).await;
        let sealed = encode(&before, "other").await;
        assert_eq!(decode(&cloakroom, "other", &sealed).await.unwrap(), sent());
        let sealed = before.encode(&Context::none(), sent()).await.unwrap();
        assert_eq!(cloakroom.decode(&Context::none(), sealed).await.unwrap(), sent());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_reads_what_is_shared_with_it() {
    let shares = RINGS
        .replace("[namespace.billing]", "shares = [\"billing\", \"other\"]\n[namespace.billing]");
    // The bytes of the last one leave the plugin no second try with a key of the same name.
    for cipher in ciphers().into_iter().take(3) {
        let cloakroom = open(cipher.clone() + &shares).await;
        let sealed = encode(&cloakroom, "shop").await;
        assert_eq!(readers(&cloakroom, &sealed).await, ["shop", "billing", "other"], "{cipher}");
        let sealed = encode(&cloakroom, "billing").await;
        assert_eq!(readers(&cloakroom, &sealed).await, ["billing"], "sharing has one direction");
    }
}

/// Encoding leaves alone what this namespace could open, and wraps what only another could.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_sealed_for_another_namespace_is_no_proof_here() {
    let cloakroom = open(aes("") + RINGS).await;
    let sealed = encode(&cloakroom, "shop").await;
    let pipeline = cloakroom.pipeline().keeping_own();
    let again = async |namespace: &str| {
        pipeline.encode(&Context::namespace(namespace), sealed.clone()).await.unwrap()
    };
    assert_eq!(again("shop").await, sealed);
    assert_eq!(decode(&cloakroom, "billing", &again("billing").await).await.unwrap(), sealed);
}

/// A namespace gets a ring of its own, another one later, and loses it again. What it wrote before stays
/// readable as long as the rings are listed.
#[tokio::test(flavor = "multi_thread")]
async fn old_rings_open_what_they_sealed() {
    for cipher in [aes(""), aes(", format = \"temporal\"")] {
        let cloakroom = open(cipher.clone()).await;
        let mut written = vec![encode(&cloakroom, "shop").await];
        for namespace in [
            "ring = \"shop-keys\"\nold_rings = [\"common\"]",
            "ring = \"billing-keys\"\nold_rings = [\"shop-keys\", \"common\"]",
            "old_rings = [\"billing-keys\", \"shop-keys\"]",
        ] {
            let next = format!("{cipher}[namespace.shop]\n{namespace}\n");
            cloakroom.replace(builder(next)).await.unwrap();
            written.push(encode(&cloakroom, "shop").await);
            for sealed in &written {
                assert_eq!(decode(&cloakroom, "shop", sealed).await.unwrap(), sent());
            }
        }
        cloakroom.replace(builder(cipher + RINGS)).await.unwrap();
        let mut open = Vec::new();
        for sealed in &written {
            open.push(decode(&cloakroom, "shop", sealed).await.is_ok());
        }
        assert_eq!(open, [false, true, false, false], "an old ring that is not listed");
    }
}

/// Errors name the namespace, the stage and the ring.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_names_the_ring_and_its_namespace() {
    let text = aes("") + RINGS;
    let cloakroom = open(text.clone()).await;
    let other = builder(text.clone()).with_key_ring("shop-keys", ring("2027-01", 4));
    let sealed = other.open().await.unwrap();
    let sealed = encode(&sealed, "shop").await;
    let error = decode(&cloakroom, "shop", &sealed).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownKey);
    assert_text(
        &chain(&error),
        &["stage `aes-gcm`", "`2027-01`", "key ring `shop-keys` of namespace `shop`", "old_rings"],
        &expect![[r#"
            stage `aes-gcm`, decoding payload 0: the payload is sealed under key `2027-01`, which is not in key ring `shop-keys` of namespace `shop`: add it to the ring, or restore it, or also open with the ring that sealed it (`keys.NAME.material`, `namespace.NAME.old_rings`)
        "#]],
    );
    let anonymous = cloakroom.decode(&Context::none(), sealed).await.unwrap_err();
    assert_text(
        &chain(&anonymous),
        &["`common`", "name the namespace"],
        &expect![[r#"
        stage `aes-gcm`, decoding payload 0: the payload is sealed under key `2027-01`, which is not in key ring `common`: name the namespace in the call, since some have their own ring
    "#]],
    );
    let forged = builder(text).with_key_ring("shop-keys", ring("2026-11", 5)).open().await.unwrap();
    let forged = encode(&forged, "shop").await;
    let error = decode(&cloakroom, "shop", &forged).await.unwrap_err();
    assert_text(
        &chain(&error),
        &["`shop-keys` of namespace `shop`"],
        &expect![[r#"
        stage `aes-gcm`, decoding payload 0: key `2026-11` of key ring `shop-keys` of namespace `shop`: sealed under another key, for another purpose, or changed since
    "#]],
    );
}

/// A stage that lacks the ring of a namespace would go on under the common one.
#[tokio::test(flavor = "multi_thread")]
async fn a_ring_is_granted_to_every_stage_with_keys() {
    let text = aes("").replace(ALL, "[\"common\", \"billing-keys\"]") + RINGS;
    let error = builder(text).open().await.map(drop).unwrap_err();
    assert_text(
        &chain(&error),
        &["namespace.shop.ring", "`shop-keys`", "stage `aes-gcm`", "`grants.keys`"],
        &expect![[r#"
            configuration, line 7: namespace.shop.ring names `shop-keys`, which stage `aes-gcm` is not granted: add it to its `grants.keys`
        "#]],
    );
}

/// A mode holds for everybody who opens the file.
#[tokio::test(flavor = "multi_thread")]
async fn modes_hold_for_whoever_opens_the_file() {
    let modes = "[namespace.late]\nmode = \"decode\"\n[namespace.none]\nmode = \"off\"\n";
    let (before, cloakroom) = (open(aes("")).await, open(aes("") + modes).await);
    for namespace in ["late", "none"] {
        assert_eq!(encode(&cloakroom, namespace).await, sent());
    }
    let sealed = encode(&before, "late").await;
    assert_eq!(decode(&cloakroom, "late", &sealed).await.unwrap(), sent());
    let sealed = encode(&before, "none").await;
    assert_eq!(decode(&cloakroom, "none", &sealed).await.unwrap(), sealed);
}
