//! Plugins that are refused when they are loaded, and the remedies that the errors name.

use bytes::Bytes;
use cloakroom::{
    ByteSize, Codec as _, Context, ErrorKind, Payload,
    inspect::{Inspection, World},
    plugin::{Digest, Grants, Host, Limits, Requirement, Reuse, Settings, Source},
};
use cloakroom_tests::{DRIVERS, ROGUE, assert_text, chain, host, ring};
use expect_test::{Expect, expect};

async fn refused(
    source: Source,
    grants: Grants,
    kind: ErrorKind,
    facts: &[&str],
    snapshot: &Expect,
) {
    let error = host(Limits::default()).load(source, grants).await.map(drop).unwrap_err();
    let text = chain(&error);
    assert_eq!(error.kind(), kind, "{text}");
    assert_text(&text, facts, snapshot);
    assert!(error.plugin().is_some());
}

/// Another name in the same place: names in a component carry their length.
fn replaced(from: &str, to: &str) -> Bytes {
    assert_eq!(from.len(), to.len());
    let text = ROGUE.to_vec();
    let mut out = Vec::with_capacity(text.len());
    let mut rest = &text[..];
    while !rest.is_empty() {
        if rest.starts_with(from.as_bytes()) {
            out.extend_from_slice(to.as_bytes());
            rest = &rest[from.len()..];
        } else {
            out.push(rest[0]);
            rest = &rest[1..];
        }
    }
    out.into()
}

#[tokio::test]
async fn an_import_without_its_grant() {
    let rogue = || Source::bytes("rogue", Bytes::from_static(ROGUE));
    let (kind, facts) =
        (ErrorKind::MissingGrant, ["cloakroom:plugin/keys@0.1.1", "Grants::with_keys"]);
    refused(rogue(), Grants::none(), kind, &facts, &expect![[r#"
        plugin `rogue`: imports `cloakroom:plugin/keys@0.1.1`, which was not granted: grant a key ring, or use another plugin (`Grants::with_keys`)
    "#]]).await;
    let grants = Grants::none().with_keys("a", ring());
    let facts = ["cloakroom:plugin/subkeys@0.1.1", "Grants::with_subkeys"];
    refused(rogue(), grants, kind, &facts, &expect![[r#"
        plugin `rogue`: imports `cloakroom:plugin/subkeys@0.1.1`, which was not granted: grant subkeys of a key ring, or use another plugin (`Grants::with_subkeys`)
    "#]]).await;
    let aes = cloakroom::plugin::bundled("aes-gcm").unwrap();
    let grants = Grants::none().with_subkeys("a", ring());
    refused(aes, grants, kind, &["Grants::with_keys"], &expect![[r#"
        plugin `aes-gcm`: imports `cloakroom:plugin/keys@0.1.1`, which was not granted: grant a key ring, or use another plugin (`Grants::with_keys`)
    "#]]).await;
}

#[tokio::test]
async fn another_line_of_the_contract() {
    let other = replaced("@0.1.1", "@0.9.0");
    let (source, kind) = (Source::bytes("new", other), ErrorKind::PluginRejected);
    refused(source, Grants::none(), kind, &["0.9.0", " 0.1"], &expect![[r#"
        plugin `new`: was built against version 0.9.0 of the contract, and this host has 0.1: use a host of that version, or build the plugin against this one
    "#]]).await;
}

#[tokio::test]
async fn an_import_that_no_host_has() {
    let other = replaced("cloakroom:plugin/subkeys@0.1.1", "cloakroom:plugin/sublime@0.1.1");
    let (source, kind) = (Source::bytes("odd", other), ErrorKind::PluginRejected);
    let facts = ["cloakroom:plugin/sublime@0.1.1"];
    refused(source, Grants::none(), kind, &facts, &expect![[r#"
        plugin `odd`: imports `cloakroom:plugin/sublime@0.1.1`: no host of this version has it: build the plugin without it
    "#]]).await;
    let network = replaced("cloakroom:plugin/subkeys@0.1.1", "wasi:http/outgoing-handl@0.2.0");
    let source = Source::bytes("net", network);
    let facts = ["wasi:http/outgoing-handl", "disableFeatures"];
    refused(source, Grants::none(), kind, &facts, &expect![[r#"
        plugin `net`: imports `wasi:http/outgoing-handl@0.2.0`: this host has only the outgoing handler of WASI 0.2's HTTP: build without it (componentize-js: `disableFeatures: ['http', 'fetch-event']`)
    "#]]).await;
}

#[tokio::test]
async fn what_is_no_component() {
    let module = Bytes::from_static(b"\0asm\x01\0\0\0");
    let kind = ErrorKind::PluginRejected;
    let source = Source::bytes("m", module);
    refused(source, Grants::none(), kind, &["wasm32-wasip2"], &expect![[r#"
        plugin `m`: is a core module, not a component: build for `wasm32-wasip2`, or turn it into one with `wasm-tools component new`
    "#]]).await;
    let empty = Bytes::from_static(b"\0asm\x0d\0\x01\0");
    refused(Source::bytes("e", empty), Grants::none(), kind, &[], &expect![[r#"
        plugin `e`: is a component, but no plugin: it exports nothing, and a plugin exports `cloakroom:plugin/codec` or `cloakroom:plugin/driver`; was it exported?
    "#]]).await;
    for (text, snapshot) in [
        (
            &b""[..],
            expect![[r#"
            plugin `t`: is not a WebAssembly component: it is empty
        "#]],
        ),
        (
            b"\0asm",
            expect![[r#"
                plugin `t`: is not a whole WebAssembly component: it was truncated or damaged: unexpected end-of-file (at offset [offset])
            "#]],
        ),
        (
            b"#!/bin/sh\n",
            expect![[r#"
                plugin `t`: is not a WebAssembly component: it begins with other bytes than `\0asm`
            "#]],
        ),
        (
            b"<html>",
            expect![[r#"
                plugin `t`: is not a WebAssembly component: it is a web page or another text that begins with `<`
            "#]],
        ),
        (
            b"(component)",
            expect![[r#"
                plugin `t`: is not a WebAssembly component: it is WebAssembly as text: translate it with `wasm-tools parse`
            "#]],
        ),
        (
            b"\x1f\x8b\x08",
            expect![[r#"
                plugin `t`: is not a WebAssembly component: it is compressed with gzip: unpack it first
            "#]],
        ),
    ] {
        refused(Source::bytes("t", text), Grants::none(), kind, &[], &snapshot).await;
    }
}

#[tokio::test]
async fn the_file_is_named_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.wasm");
    std::fs::write(&path, "<html>").unwrap();
    let shown = format!("plugin `page` (`{}`)", path.display());
    let kind = ErrorKind::PluginRejected;
    refused(Source::file(&path), Grants::none(), kind, &[&shown], &expect![[r#"
        plugin `page` (`[folder]/page.wasm`): is not a WebAssembly component: it is a web page or another text that begins with `<`
    "#]]).await;
}

#[tokio::test]
async fn a_truncated_file_wherever_it_is_cut() {
    for part in 1..20 {
        let cut = Bytes::from_static(ROGUE).slice(..ROGUE.len() * part / 20);
        let error = Inspection::from_bytes(&cut).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PluginRejected);
    }
    let cut = Bytes::from_static(ROGUE).slice(..ROGUE.len() - 1);
    let source = Source::bytes("cut", cut);
    refused(source, Grants::none(), ErrorKind::PluginRejected, &[], &expect![[r#"
        plugin `cut`: is not a whole WebAssembly component: it was truncated or damaged: unexpected end-of-file (at offset [offset])
    "#]]).await;
}

#[tokio::test]
async fn bytes_that_are_not_the_pinned_ones() {
    let pinned = Digest::sha256(b"another file");
    let source = Source::bytes("pin", Bytes::from_static(ROGUE)).with_digest(pinned);
    let (kind, facts) = (ErrorKind::PluginRejected, [pinned, Digest::sha256(ROGUE)]);
    let facts = facts.map(|digest| digest.to_string());
    let facts = facts.each_ref().map(String::as_str);
    refused(source, Grants::none(), kind, &facts, &expect![[r#"
        plugin `pin`: is not the pinned file: expected sha256:[digest], found sha256:[digest]; pin the new digest if the change is wanted
    "#]]).await;
    let source = Source::bytes("pin", Bytes::from_static(ROGUE)).with_digest(Digest::sha256(ROGUE));
    assert!(host(Limits::default()).load(source, Grants::for_inspection()).await.is_ok());
}

#[tokio::test]
async fn a_file_that_is_missing_or_has_no_end() {
    let source = Source::file("/nowhere/plugin.wasm");
    let facts = ["/nowhere/plugin.wasm"];
    refused(source, Grants::none(), ErrorKind::Config, &facts, &expect![[r#"
        plugin `plugin` (`/nowhere/plugin.wasm`): cannot read the plugin's file: No such file or directory (os error 2)
    "#]]).await;
    let limits = Limits { component: ByteSize::mib(1), ..Limits::default() };
    let loaded = host(limits).load(Source::file("/dev/zero"), Grants::none()).await;
    let error = loaded.map(drop).unwrap_err();
    assert_text(
        &chain(&error),
        &["Limits::component"],
        &expect![[r#"
            plugin `zero` (`/dev/zero`): the file has 1048577 bytes or more, and a plugin has at most 1MiB (`Limits::component`)
        "#]],
    );
}

#[tokio::test]
async fn settings_that_cannot_work() {
    let host = host(Limits::default());
    for (name, settings, snapshot) in [
        (
            "zstd",
            Settings::none().with_setting("level", 99),
            expect![[r#"
                plugin `zstd`: setting `level` must be a number from 1 to 12
            "#]],
        ),
        (
            "zstd",
            Settings::none().with_setting("levle", 3),
            expect![[r#"
                plugin `zstd`: unknown setting `levle`: did you mean `level`?
            "#]],
        ),
        (
            "aes-gcm",
            Settings::none(),
            expect![[r#"
            plugin `aes-gcm`: setting `ring` is needed
        "#]],
        ),
    ] {
        let plugin = load_any(&host, name).await;
        let error = plugin.codec(settings, Reuse::Fresh).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{}", chain(&error));
        assert_text(&chain(&error), &[name], &snapshot);
    }
}

async fn load_any(host: &Host, name: &str) -> cloakroom::plugin::Plugin {
    host.load(cloakroom::plugin::bundled(name).unwrap(), Grants::for_inspection()).await.unwrap()
}

#[tokio::test]
async fn bundled_plugins_import_the_contract_and_nothing_else() {
    let host = host(Limits::default());
    for name in cloakroom::plugin::bundled_names() {
        let inspection = host.inspect(&cloakroom::plugin::bundled(name).unwrap()).unwrap();
        let world = match name {
            "aes-gcm" => World::Cipher,
            "chacha20-poly1305" => World::OwnCipher,
            "redis" => World::NetworkStorage,
            driver if DRIVERS.contains(&driver) => World::Storage,
            _ => World::Compressor,
        };
        assert_eq!(inspection.world, Some(world), "{name}");
        assert_eq!(inspection.version.as_deref(), Some("0.1.1"), "{name}");
        for import in inspection.imports {
            if name == "redis" && import.name.starts_with("wasi:") {
                continue;
            }
            assert!(import.name.starts_with("cloakroom:plugin/"), "{name}: {}", import.name);
            let needs_grant = matches!(import.requirement, Requirement::Grant(_));
            let granted = ["keys", "blobs"].iter().any(|grant| import.name.contains(grant));
            assert_eq!(needs_grant, granted, "{name}: {}", import.name);
        }
    }
}

/// A plugin may be called from any thread of an embedder's, and must not panic there.
#[test]
fn a_plugin_outside_of_a_runtime_is_an_error() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let host = host(Limits::default());
    let plugin = runtime.block_on(load_any(&host, "zstd"));
    let settings = Settings::none();
    let asked = futures::executor::block_on(plugin.codec(settings.clone(), Reuse::Fresh));
    let error = asked.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{}", chain(&error));
    assert!(chain(&error).contains("Tokio runtime"), "{}", chain(&error));
    let codec = runtime.block_on(plugin.codec(settings, Reuse::Fresh)).unwrap();
    let payload = Payload { data: Bytes::from_static(b"data"), ..Payload::default() };
    let encoded = futures::executor::block_on(codec.encode(&Context::none(), &payload));
    let error = encoded.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{}", chain(&error));
    assert_eq!(error.plugin(), Some("zstd"));
}
