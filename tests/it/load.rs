//! What is refused when it is loaded, and what the refusal says to do.

use bytes::Bytes;
use cloakroom::{
    ByteSize, ErrorKind,
    inspect::{Inspection, World},
    plugin::{Digest, Grants, Host, Limits, Requirement, Reuse, Settings, Source},
};
use cloakroom_tests::{DRIVERS, ROGUE, chain, host, ring};

async fn refused(source: Source, grants: Grants, kind: ErrorKind, says: &[&str]) {
    let error = host(Limits::default()).load(source, grants).await.map(drop).unwrap_err();
    let text = chain(&error);
    assert_eq!(error.kind(), kind, "{text}");
    for says in says {
        assert!(text.contains(says), "{text}");
    }
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
    let (kind, says) = (ErrorKind::MissingGrant, ["cloakroom:plugin/keys@0.1.0", "grants.keys"]);
    refused(rogue(), Grants::none(), kind, &says).await;
    let grants = Grants::none().keys("a", ring());
    refused(rogue(), grants, kind, &["cloakroom:plugin/subkeys@0.1.0", "grants.subkeys"]).await;
    let aes = cloakroom::plugin::bundled("aes-gcm").unwrap();
    refused(aes, Grants::none().subkeys("a", ring()), kind, &["grants.keys"]).await;
}

#[tokio::test]
async fn another_line_of_the_contract() {
    let other = replaced("@0.1.0", "@0.9.0");
    let says = ["version 0.9.0", "this host speaks 0.1"];
    refused(Source::bytes("new", other), Grants::none(), ErrorKind::PluginRejected, &says).await;
}

#[tokio::test]
async fn an_import_that_no_host_has() {
    let other = replaced("cloakroom:plugin/subkeys@0.1.0", "cloakroom:plugin/sublime@0.1.0");
    let says = ["cloakroom:plugin/sublime@0.1.0", "no host of this version has it"];
    refused(Source::bytes("odd", other), Grants::none(), ErrorKind::PluginRejected, &says).await;
    let network = replaced("cloakroom:plugin/subkeys@0.1.0", "wasi:http/outgoing-handl@0.2.0");
    let says = ["wasi:http/outgoing-handl", "no HTTP for plugins", "disableFeatures"];
    refused(Source::bytes("net", network), Grants::none(), ErrorKind::PluginRejected, &says).await;
}

#[tokio::test]
async fn what_is_no_component() {
    let module = Bytes::from_static(b"\0asm\x01\0\0\0");
    let kind = ErrorKind::PluginRejected;
    refused(Source::bytes("m", module), Grants::none(), kind, &["core module", "wasm32-wasip2"])
        .await;
    let empty = Bytes::from_static(b"\0asm\x0d\0\x01\0");
    refused(Source::bytes("e", empty), Grants::none(), kind, &["no plugin", "exports nothing"])
        .await;
    for (text, says) in [
        (&b""[..], "it is empty"),
        (b"\0asm", "truncated"),
        (b"#!/bin/sh\n", "begins with other bytes"),
        (b"<html>", "a web page"),
        (b"(component)", "wasm-tools parse"),
        (b"\x1f\x8b\x08", "gzip"),
    ] {
        refused(Source::bytes("t", text), Grants::none(), kind, &["WebAssembly component", says])
            .await;
    }
}

#[tokio::test]
async fn the_file_is_named_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.wasm");
    std::fs::write(&path, "<html>").unwrap();
    let shown = format!("plugin `page` (`{}`)", path.display());
    let says = [&*shown, "a web page"];
    refused(Source::file(&path), Grants::none(), ErrorKind::PluginRejected, &says).await;
}

#[tokio::test]
async fn a_truncated_file_wherever_it_is_cut() {
    for part in 1..20 {
        let cut = Bytes::from_static(ROGUE).slice(..ROGUE.len() * part / 20);
        let error = Inspection::of(&cut).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PluginRejected);
    }
    let cut = Bytes::from_static(ROGUE).slice(..ROGUE.len() - 1);
    refused(Source::bytes("cut", cut), Grants::none(), ErrorKind::PluginRejected, &["truncated"])
        .await;
}

#[tokio::test]
async fn bytes_that_are_not_the_pinned_ones() {
    let pinned = Digest::of(b"another file");
    let source = Source::bytes("pin", Bytes::from_static(ROGUE)).pinned(pinned);
    let says = ["not the pinned file", &pinned.to_string(), &Digest::of(ROGUE).to_string()];
    refused(source, Grants::none(), ErrorKind::PluginRejected, &says).await;
    let source = Source::bytes("pin", Bytes::from_static(ROGUE)).pinned(Digest::of(ROGUE));
    assert!(host(Limits::default()).load(source, Grants::nothing_behind()).await.is_ok());
}

#[tokio::test]
async fn a_file_that_is_missing_or_has_no_end() {
    let source = Source::file("/nowhere/plugin.wasm");
    refused(source, Grants::none(), ErrorKind::Config, &["/nowhere/plugin.wasm"]).await;
    let limits = Limits { component: ByteSize::mib(1), ..Limits::default() };
    let loaded = host(limits).load(Source::file("/dev/zero"), Grants::none()).await;
    let error = loaded.map(drop).unwrap_err();
    assert!(chain(&error).contains("limits.component"), "{}", chain(&error));
}

#[tokio::test]
async fn settings_that_cannot_work() {
    let host = host(Limits::default());
    for (name, settings, says) in [
        ("zstd", Settings::none().set("level", 99), "`level` must be a number from"),
        ("zstd", Settings::none().set("levle", 3), "unknown setting `levle`"),
        ("aes-gcm", Settings::none(), "setting `ring` is needed"),
    ] {
        let plugin = load_any(&host, name).await;
        let error = plugin.codec(settings, Reuse::Fresh).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{}", chain(&error));
        assert!(chain(&error).contains(says), "{}", chain(&error));
    }
}

async fn load_any(host: &Host, name: &str) -> cloakroom::plugin::Plugin {
    host.load(cloakroom::plugin::bundled(name).unwrap(), Grants::nothing_behind()).await.unwrap()
}

#[tokio::test]
async fn bundled_plugins_import_the_contract_and_nothing_else() {
    let host = host(Limits::default());
    for name in cloakroom::plugin::bundled_names() {
        let inspection = host.inspect(&cloakroom::plugin::bundled(name).unwrap()).unwrap();
        let world = match name {
            "aes-gcm" => World::Cipher,
            "chacha20-poly1305" => World::OwnCipher,
            driver if DRIVERS.contains(&driver) => World::Storage,
            _ => World::Compressor,
        };
        assert_eq!(inspection.world, Some(world), "{name}");
        assert_eq!(inspection.version.as_deref(), Some("0.1.0"), "{name}");
        for import in inspection.imports {
            if name == "redis" && import.name.starts_with("wasi:") {
                continue;
            }
            assert!(import.name.starts_with("cloakroom:plugin/"), "{name}: {}", import.name);
            let needs_grant = import.need != Requirement::Nothing;
            let granted = ["keys", "blobs"].iter().any(|grant| import.name.contains(grant));
            assert_eq!(needs_grant, granted, "{name}: {}", import.name);
        }
    }
}
