//! A real registry: pushing, pulling, using offline, and what somebody on its disk can do.

use std::fs;

use cloakroom::{
    ErrorKind,
    registry::{Access, Client},
};
use cloakroom_tests::{
    REVERSE, assert_text, chain,
    rigs::{REGISTRY_PASSWORD, REGISTRY_USER, Registry},
};
use expect_test::expect;
use serde_json::Value;

use super::{LARGEST, Setup, package, push, reference, round_trip};

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_pushed_pinned_and_used_offline() {
    let registry = Registry::open();
    let tagged = format!("oci://{}/team/reverse:1.0.0", registry.host());
    let pushed = push(&tagged, &package(REVERSE)).await;
    assert_eq!(push(&tagged, &package(REVERSE)).await.reference, pushed.reference);

    let setup = Setup::new(&tagged, "");
    let error = setup.refused().await;
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_text(
        &chain(&error),
        &["line 2", "tag alone", "cloakroom lock"],
        &expect![[r#"
        [folder]/cloakroom.toml, line 2, stage `reverse`, key `plugin`: plugin `reverse`: the reference has a tag alone, which can be moved to another plugin: run `cloakroom lock --config FILE`, which writes the digest that it has now
    "#]],
    );
    setup.builder().lock(false).await.unwrap().write().unwrap();
    let pinned = format!("plugin = \"{}\"   # a comment", pushed.reference);
    assert!(setup.text().contains(&pinned), "{}", setup.text());
    round_trip(&setup.open().await.unwrap()).await;

    // Nobody answers any more. What has no copy cannot be pulled, and what has one is used.
    drop(registry);
    round_trip(&setup.open().await.unwrap()).await;
    assert!(!setup.builder().pull().await.unwrap()[0].is_new);
    fs::remove_dir_all(setup.path("copies")).unwrap();
    let error = setup.refused().await;
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("cloakroom plugin pull"), "{error}");
    let error = setup.builder().pull().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_pulls_only_if_it_is_asked_to() {
    let registry = Registry::open();
    let tagged = format!("oci://{}/reverse:1", registry.host());
    let pinned = push(&tagged, &package(REVERSE)).await.reference.to_string();
    let setup = Setup::new(&pinned, "");
    assert_eq!(setup.refused().await.kind(), ErrorKind::Config);
    setup.write(&pinned, "[plugins]\npull = true");
    round_trip(&setup.open().await.unwrap()).await;
    setup.write(&pinned, "");
    round_trip(&setup.open().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_artifact_has_the_layout_that_wkg_reads_and_writes() {
    let registry = Registry::open();
    let to = reference(&format!("oci://{}/reverse:1", registry.host()));
    let client = Client::new(Access::new(&to)).unwrap();
    let pushed = client.push(&to, &package(REVERSE)).await.unwrap();
    let digest = pushed.reference.digest().unwrap();
    assert_eq!(client.resolve(&to, LARGEST).await.unwrap(), digest);
    let read = |hex: &str| fs::read(registry.blob(hex)).unwrap();
    let manifest: Value = serde_json::from_slice(&read(&digest.hex())).unwrap();
    assert_eq!(manifest["schemaVersion"], 2);
    assert_eq!(manifest["mediaType"], "application/vnd.oci.image.manifest.v1+json");
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
    let layers = manifest["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 1);
    assert_eq!(layers[0]["mediaType"], "application/wasm");
    assert_eq!(layers[0]["size"], REVERSE.len());
    assert_eq!(layers[0]["digest"], pushed.component.to_string());
    let hex = manifest["config"]["digest"].as_str().unwrap().trim_start_matches("sha256:");
    let config: Value = serde_json::from_slice(&read(hex)).unwrap();
    assert_eq!((&config["architecture"], &config["os"]), (&"wasm".into(), &"wasip2".into()));
    assert_eq!(config["layerDigests"][0], layers[0]["digest"]);
    let exports = config["component"]["exports"].as_array().unwrap();
    assert!(exports.iter().any(|name| name.as_str().unwrap().contains("/codec@")), "{config}");
}

/// Somebody changes the registry's storage, or the local copy.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_on_a_disk_is_refused() {
    let registry = Registry::open();
    let tagged = format!("oci://{}/reverse:1", registry.host());
    let pushed = push(&tagged, &package(REVERSE)).await;
    let setup = Setup::new(&pushed.reference.to_string(), "");
    let flip = |path: &std::path::Path| {
        let mut bytes = fs::read(path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(path, bytes).unwrap();
    };
    let layer = registry.blob(&pushed.component.hex());
    flip(&layer);
    let error = setup.builder().pull().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert_text(
        &chain(&error),
        &["line 2", "was changed"],
        &expect![[r#"
        [folder]/cloakroom.toml, line 2: plugin `reverse`: the component was changed: expected sha256:[digest], found sha256:[digest]
    "#]],
    );
    assert!(!setup.path("copies").exists(), "nothing is kept before it is checked");
    flip(&layer);
    let path = setup.builder().pull().await.unwrap()[0].path.clone();
    round_trip(&setup.open().await.unwrap()).await;

    for file in ["component.wasm", "manifest.json"] {
        flip(&path.join(file));
        let error = setup.refused().await;
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(chain(&error).contains("the local copy is not what the reference pins"), "{error}");
        assert!(setup.builder().pull().await.unwrap()[0].is_new, "a damaged copy is replaced");
        round_trip(&setup.open().await.unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_with_a_password_is_asked_with_it() {
    let registry = Registry::with_password();
    let host = registry.host();
    let to = reference(&format!("oci://{host}/team/reverse:1"));
    let anonymous = Client::new(Access::new(&to)).unwrap();
    let error = anonymous.push(&to, &package(REVERSE)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    let wrong = Access::new(&to).with_credentials(REGISTRY_USER, "wrong".to_owned().into());
    let error = Client::new(wrong).unwrap().push(&to, &package(REVERSE)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    let access =
        Access::new(&to).with_credentials(REGISTRY_USER, REGISTRY_PASSWORD.to_owned().into());
    let pushed = Client::new(access).unwrap().push(&to, &package(REVERSE)).await.unwrap();

    let setup = Setup::new(&pushed.reference.to_string(), "");
    let error = setup.builder().pull().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    assert_text(
        &chain(&error),
        &["HTTP 401", "registries."],
        &expect![[r#"
        [folder]/cloakroom.toml, line 2: plugin `reverse`: the registry denies access to manifest `sha256:[digest]` of `team/reverse` (HTTP 401 UNAUTHORIZED) (`registries."HOST".username`)
    "#]],
    );
    fs::write(setup.path("password"), format!("{REGISTRY_PASSWORD}\n")).unwrap();
    let access = format!(
        "[registries.\"{host}\"]\nusername = \"{REGISTRY_USER}\"\npassword = {{ file = \"password\" }}"
    );
    setup.write(&pushed.reference.to_string(), &access);
    assert!(setup.builder().pull().await.unwrap()[0].is_new);
    round_trip(&setup.open().await.unwrap()).await;
}
