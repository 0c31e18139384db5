//! The ring's secret, from the configuration: repeatable payloads, claims and derived keys.

use std::{fs, sync::Arc};

use cloakroom::{CloakroomBuilder, Context, ErrorKind, Payload, keys::make_secret};
use cloakroom_tests::{chain, compile_cache, plain, text};

use super::{Kek, builder, file, id, open, seal};

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_without_a_secret_refuses_what_lasts_when_the_file_is_opened() {
    let kek = Kek::new();
    let storage = "[buckets.b]\nurl = \"memory:b\"\n[storage]\nthreshold = \"1KiB\"\n\
                   claims = { policy = \"require\", ring = \"payments\" }\n\
                   [[storage.driver]]\nname = \"f\"\nplugin = \"bundled:file\"\n\
                   settings = { bucket = \"b\" }\ngrants.buckets = [\"b\"]\n";
    let subkeys =
        file("", "").replace("aes-gcm", "chacha20-poly1305").replace(".keys =", ".subkeys =");
    for text in [file(", repeatable = true", ""), file("", storage), subkeys] {
        let refused = open(&text, &kek).await.map(drop).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config, "{}", chain(&refused));
        assert!(chain(&refused).contains("`cloakroom keys init`"), "{}", chain(&refused));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_and_a_rotation_give_one_object_and_old_claims_verify() {
    let kek = Kek::new();
    let folder = tempfile::tempdir().unwrap();
    let storage = "secret = { file = \"payments.secret\" }\n[buckets.b]\nurl = \"file:objects\"\n\
                   [storage]\nthreshold = \"1KiB\"\n\
                   claims = { policy = \"require\", ring = \"payments\" }\n\
                   [[storage.driver]]\nname = \"f\"\nplugin = \"bundled:file\"\n\
                   settings = { bucket = \"b\" }\ngrants.buckets = [\"b\"]\n";
    let path = folder.path().join("cloakroom.toml");
    fs::write(&path, file(", repeatable = true", storage)).unwrap();
    let builder = CloakroomBuilder::file(&path).with_cache(compile_cache());
    let builder = builder.with_key_service("kek", kek.clone());
    // The file that the configuration names is not there yet.
    let secret = builder.make_ring_secret("payments").await.unwrap();
    let refused = builder.make_ring_secret("other").await.unwrap_err();
    assert!(chain(&refused).contains("no ring `other`"), "{}", chain(&refused));
    fs::write(folder.path().join("payments.secret"), &secret).unwrap();
    let replica = async || builder.clone().open().await.unwrap();
    let (one, two) = (replica().await, replica().await);
    assert!(one.repeats());
    let (small, large) = (plain("1"), plain(text(5000)));
    let first = seal(&one, "shop", large.clone()).await;
    let sealed = seal(&one, "shop", small.clone()).await;
    one.key_services()[0].1.rotate();
    for replica in [&one, &two] {
        assert_eq!(seal(replica, "shop", large.clone()).await, first);
        assert_eq!(seal(replica, "shop", small.clone()).await, sealed);
    }
    assert_eq!(count(&folder.path().join("objects")), 1);
    // The claim and the payload name the secret, whose id is short.
    let secret_id = secret.split('.').take(2).collect::<Vec<_>>().join(".");
    assert_eq!(id(&sealed), secret_id);
    assert!(String::from_utf8_lossy(&first.data).contains(&secret_id));
    let opened = replica().await.decode(&Context::namespace("shop"), vec![first, sealed]).await;
    assert_eq!(opened.unwrap(), [large, small]);
}

/// Files below a folder.
fn count(folder: &std::path::Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugins_own_cipher_works_under_the_secret() {
    let kek = Kek::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    fs::write(&path, make_secret(&*kek, "payments").await.unwrap()).unwrap();
    let text = file("", &format!("secret = {{ file = \"{}\" }}\n", path.display()))
        .replace("aes-gcm", "chacha20-poly1305")
        .replace(".keys =", ".subkeys =");
    let (one, two) = (open(&text, &kek).await.unwrap(), open(&text, &kek).await.unwrap());
    let sealed: Payload = seal(&one, "shop", plain("1")).await;
    let opened = two.decode(&Context::namespace("shop"), vec![sealed]).await.unwrap();
    assert_eq!(opened, [plain("1")]);
    let broken = text.replace("native:kek", "native:other");
    let other: Arc<Kek> = Kek::new();
    let refused = builder(&broken, &other).open().await.map(drop).unwrap_err();
    assert!(chain(&refused).contains("no key service `other`"), "{}", chain(&refused));
}
