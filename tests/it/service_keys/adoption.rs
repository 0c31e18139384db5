//! Changing over from static keys to a service, and reloads.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom::{CloakroomBuilder, Context, ErrorKind, keys::KeyFailure};
use cloakroom_tests::{KEY, chain, compile_cache, plain};

use super::{Kek, file, id, open, seal};

#[tokio::test(flavor = "multi_thread")]
async fn static_keys_give_way_to_a_service_while_running() {
    let (kek, folder) = (Kek::new(), tempfile::tempdir().unwrap());
    fs::write(folder.path().join("key"), STANDARD.encode(KEY)).unwrap();
    let path = folder.path().join("cloakroom.toml");
    let material = "material = { \"2026-11\" = { file = \"key\" } }\n";
    let before = file("", material).replace("service = \"native:kek\"", "current = \"2026-11\"");
    fs::write(&path, before).unwrap();
    let builder = CloakroomBuilder::file(&path).with_cache(compile_cache());
    let cloakroom = builder.with_key_service("kek", kek.clone()).open().await.unwrap();
    let old = seal(&cloakroom, "shop", plain("\"old\"")).await;
    assert!(cloakroom.key_services().is_empty());
    fs::write(&path, file("", material)).unwrap();
    cloakroom.reload().await.unwrap();
    let new = seal(&cloakroom, "shop", plain("\"new\"")).await;
    assert_eq!((id(&old).as_str(), &id(&new)[..4]), ("2026-11", "ck2."));
    let both = cloakroom.decode(&Context::namespace("shop"), vec![old, new.clone()]).await;
    assert_eq!(both.unwrap(), [plain("\"old\""), plain("\"new\"")]);
    // A reload that changes something else keeps the data keys, also while the service is down.
    kek.fail(Some(KeyFailure::Unavailable));
    fs::write(&path, file(", namespace = \"require\"", "")).unwrap();
    cloakroom.reload().await.unwrap();
    assert_eq!(id(&seal(&cloakroom, "shop", plain("1")).await), id(&new));
    assert!(!cloakroom.key_services()[0].1.report().data_keys.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_the_other_kind_of_ring_are_refused_with_their_line() {
    let kek = Kek::new();
    for (more, key) in [
        ("current = \"a\"", "current"),
        ("max_messages_per_key = 5", "max_messages_per_key"),
        ("data_key = { lifetime = \"1m\", renew_before = \"1m\" }", "renew_before"),
        ("old_secrets = [{ env = \"CLOAKROOM_NO_SUCH_SECRET\" }]", "old_secrets"),
    ] {
        let refused = open(&file("", more), &kek).await.map(drop).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config, "{}", chain(&refused));
        assert!(chain(&refused).contains(key), "{}", chain(&refused));
    }
    for (more, key) in [("retired = [\"native:kek\"]", "retired"), ("", "material")] {
        let text = file("", more).replace("service = \"native:kek\"", "current = \"a\"");
        let refused = open(&text, &kek).await.map(drop).unwrap_err();
        assert!(chain(&refused).contains(&format!("`{key}`")), "{}", chain(&refused));
    }
    assert_eq!(kek.counts(), (0, 0));
}
