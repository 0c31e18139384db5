use std::{collections::BTreeSet, sync::LazyLock};

use serde_json::Value;

use super::*;

/// Cargo is asked once for all tests.
static WRITTEN: LazyLock<Vec<(String, String)>> = LazyLock::new(write_all);

fn write_all() -> Vec<(String, String)> {
    files(|package| Ok(Some(hex(&Sha256::digest(package))))).unwrap()
}

fn texts<'a>(values: &'a Value, key: &str) -> Vec<&'a str> {
    values.as_array().unwrap().iter().map(|value| value[key].as_str().unwrap()).collect()
}

/// Each file has the fields that CycloneDX 1.5 requires, and references that lead somewhere.
#[test]
fn every_file_is_whole() {
    let files = &*WRITTEN;
    assert_eq!(files.len(), 1 + PLUGINS.len());
    for (name, text) in files {
        let document: Value = serde_json::from_str(text).unwrap();
        assert_eq!(document["bomFormat"], "CycloneDX", "{name}");
        assert_eq!(document["specVersion"], "1.5", "{name}");
        let serial = document["serialNumber"].as_str().unwrap();
        let lengths: Vec<_> =
            serial.strip_prefix("urn:uuid:").unwrap().split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{name}");
        let components = &document["components"];
        let mut known: BTreeSet<_> = texts(components, "bom-ref").into_iter().collect();
        assert_eq!(known.len(), components.as_array().unwrap().len(), "{name}: a reference twice");
        known.insert(document["metadata"]["component"]["bom-ref"].as_str().unwrap());
        assert_eq!(
            texts(&document["dependencies"], "ref").len(),
            known.iter().filter(|one| one.starts_with("pkg:")).count() + 1
        );
        for dependency in document["dependencies"].as_array().unwrap() {
            assert!(known.contains(dependency["ref"].as_str().unwrap()), "{name}");
            for need in dependency["dependsOn"].as_array().unwrap() {
                assert!(known.contains(need.as_str().unwrap()), "{name}: {need}");
            }
        }
    }
}

#[test]
fn every_crate_has_a_licence_and_a_checksum() {
    for (name, text) in &*WRITTEN {
        let document: Value = serde_json::from_str(text).unwrap();
        for component in document["components"].as_array().unwrap() {
            let (crate_, version) = (&component["name"], component["version"].as_str().unwrap());
            let license = component["licenses"][0]["expression"].as_str().unwrap();
            assert!(!license.is_empty() && !license.contains('/'), "{name}: {crate_} {license}");
            let is_ours = crate_.as_str().unwrap().starts_with("cloakroom");
            let hash = component["hashes"][0]["content"].as_str().map(str::len);
            let expected = (!is_ours && crate_ != "rust-std").then_some(64);
            assert_eq!(hash, expected, "{name}: {crate_} {version}");
        }
    }
}

#[test]
fn the_program_holds_the_plugins_and_only_what_is_shipped() {
    let files = &*WRITTEN;
    let (_, program) = files.iter().find(|(name, _)| name == "cloakroom.cdx.json").unwrap();
    let program: Value = serde_json::from_str(program).unwrap();
    let names = texts(&program["components"], "name");
    for expected in
        ["zstd", "aes-gcm", "wasmtime", "cranelift-codegen", "aws-lc-rs", "object_store"]
    {
        assert!(names.contains(&expected), "{expected}");
    }
    for unexpected in ["temporalio-sdk-core", "proptest", "serde_derive", "structured-zstd"] {
        assert!(!names.contains(&unexpected), "{unexpected}");
    }
    let (_, zstd) = files.iter().find(|(name, _)| name == "zstd.wasm.cdx.json").unwrap();
    let zstd: Value = serde_json::from_str(zstd).unwrap();
    assert!(texts(&zstd["components"], "name").contains(&"structured-zstd"));
    let digest = &zstd["metadata"]["component"]["hashes"][0]["content"];
    assert_eq!(*digest, hex(&Sha256::digest("cloakroom-codec-zstd")));
}

#[test]
fn the_same_tree_gives_the_same_bytes() {
    assert_eq!(*WRITTEN, write_all());
}

/// Each bundled plugin is listed.
#[test]
fn every_bundled_plugin_has_a_file() {
    let script = fs::read_to_string(root().join("guest-codecs/bundle/build.rs")).unwrap();
    let folders = script.matches("\"guest-codecs/").count();
    assert_eq!(folders, PLUGINS.len());
    for (name, _, _) in PLUGINS {
        assert!(script.contains(&format!("\"guest-codecs/{name}\"")), "{name}");
    }
}

#[test]
fn what_was_printed_before_keeps_what_it_needs() {
    let text = "0 a v1.0.0 (/a)|MIT|x\n1 b v2.0.0|MIT/Apache-2.0|\n2 c v3.0.0+1|ISC|\n1 c v3.0.0+1|ISC|\n1 b v2.0.0|MIT/Apache-2.0| (*)\n";
    let tree = Tree::read(text).unwrap();
    assert_eq!(tree.root, "a@1.0.0");
    assert_eq!(tree.packages["b@2.0.0"].needs, BTreeSet::from(["c@3.0.0+1".to_owned()]));
    assert_eq!(tree.packages["b@2.0.0"].license, "MIT OR Apache-2.0");
    assert_eq!(tree.packages["a@1.0.0"].needs.len(), 2);
}
