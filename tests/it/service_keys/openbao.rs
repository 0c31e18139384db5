//! A real key service: OpenBao, which is sealed, rotated and loses a token while payloads pass.

use std::fs;

use cloakroom::{Cloakroom, CloakroomBuilder, Context, ErrorKind};
use cloakroom_tests::{chain, compile_cache, plain, rigs::OpenBao};
use serde_json::json;

use super::{file, id, seal};
use crate::cli;

const PAYLOADS: &str =
    r#"{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"InNlY3JldCI="}]}"#;

/// A server with a key, and a folder with a configuration that names it.
fn rig() -> (OpenBao, tempfile::TempDir) {
    let (bao, folder) = (OpenBao::start(), tempfile::tempdir().unwrap());
    bao.tell("POST", "transit/keys/payments", json!({}));
    fs::write(folder.path().join("token"), bao.token("payments")).unwrap();
    let access = format!(
        "[key_services.vault]\naddress = \"{}\"\ntoken_file = \"token\"\nenvironment = false\n",
        bao.url()
    );
    let text = file(", namespace = \"record\"", &access);
    let text = text.replace("native:kek", "vault://transit/payments");
    fs::write(folder.path().join("cloakroom.toml"), text).unwrap();
    (bao, folder)
}

async fn open(folder: &tempfile::TempDir) -> Cloakroom {
    let builder = CloakroomBuilder::file(folder.path().join("cloakroom.toml"));
    builder.with_cache(compile_cache()).open().await.unwrap()
}

#[test]
fn a_payload_opens_in_another_process_and_in_no_other_namespace() {
    let (_bao, folder) = rig();
    let config = folder.path().join("cloakroom.toml").display().to_string();
    let run = |verb: &str, namespace: &str, input: &str| {
        cli::run(&[verb, "--config", &config, "--namespace", namespace], input)
    };
    let sealed = cli::check(&run("encode", "shop", PAYLOADS), 0, &[]);
    assert!(!sealed.contains("InNlY3JldCI="), "{sealed}");
    let opened = cli::check(&run("decode", "shop", &sealed), 0, &[]);
    assert!(opened.contains("InNlY3JldCI="), "{opened}");
    let refused = run("decode", "other", &sealed);
    assert!(!refused.status.success());
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(text.contains("payments") && !text.contains("vault:v1:"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_sealed_rotated_or_denies_loses_nothing() {
    let (bao, folder) = rig();
    let (writer, reader) = (open(&folder).await, open(&folder).await);
    let ctx = Context::namespace("shop");
    let first = seal(&writer, "shop", plain("1")).await;
    bao.tell("POST", "transit/keys/payments/rotate", json!({}));
    writer.key_services()[0].1.rotate();
    let second = seal(&writer, "shop", plain("2")).await;
    assert_ne!(id(&first), id(&second));
    bao.seal();
    // The key at hand goes on; one that was never opened cannot be.
    let third = seal(&writer, "shop", plain("3")).await;
    let down = reader.decode(&ctx, vec![first.clone()]).await.unwrap_err();
    assert!(down.kind().is_transient(), "{}", chain(&down));
    assert!(chain(&down).contains("vault://transit/payments"), "{}", chain(&down));
    bao.unseal();
    let all = vec![first.clone(), second, third];
    let opened = loop {
        // The pause after a failure is short.
        match reader.decode(&ctx, all.clone()).await {
            Ok(opened) => break opened,
            Err(error) => assert!(error.kind().is_transient(), "{}", chain(&error)),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!(opened, [plain("1"), plain("2"), plain("3")]);
    let token = fs::read_to_string(folder.path().join("token")).unwrap();
    bao.tell("POST", "auth/token/revoke", json!({ "token": token }));
    writer.key_services()[0].1.rotate();
    let denied = writer.encode(&ctx, vec![plain("4")]).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Denied, "{}", chain(&denied));
    assert!(!chain(&denied).contains(&token), "{}", chain(&denied));
    // What was opened may not be used any more either.
    let forgotten = writer.decode(&ctx, vec![first]).await.unwrap_err();
    assert_eq!(forgotten.kind(), ErrorKind::Denied, "{}", chain(&forgotten));
}
