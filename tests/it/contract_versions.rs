//! Plugins of other versions of the contract: older ones load and run unchanged, and the refusal of newer
//! ones says which host they need.

use std::{fs, path::Path, sync::Arc};

use cloakroom::{
    ByteSize, Codec as _, Context, ErrorKind, Payload, Pipeline,
    codec::Encoded,
    inspect::{CONTRACT, Inspection},
    pipeline::Kind,
    plugin::{Grants, Limits, PluginCodec, PluginDriver, Reuse, Settings, Source},
    storage::{BucketAccess, ObjectBucket, Offload},
};
use cloakroom_tests::{ROGUE, assert_text, bundled, chain, host, noise, plain, rigs, ring};
use expect_test::expect;

/// A plugin that the SDK built against 0.1.0.
fn old(file: &str) -> Source {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/contract-0.1.0");
    let bytes = fs::read(folder.join(file)).unwrap();
    let inspection = Inspection::from_bytes(&bytes).unwrap();
    assert_eq!(inspection.version.as_deref(), Some("0.1.0"), "{file}");
    Source::bytes(file, bytes)
}

async fn old_codec(file: &str) -> PluginCodec {
    let grants = Grants::none().with_keys("payments", ring()).with_subkeys("payments", ring());
    let plugin = host(Limits::default()).load(old(file), grants).await.unwrap();
    assert_eq!(plugin.about().await.unwrap(), None, "{file}");
    let settings = match file {
        "codec_snappy.wasm" => Settings::none(),
        _ => Settings::none().with_setting("ring", "payments"),
    };
    plugin.codec(settings, Reuse::Warm).await.unwrap()
}

async fn encode(codec: &PluginCodec, payload: &Payload) -> Payload {
    match codec.encode(&Context::namespace("n"), payload).await.unwrap() {
        Encoded::Changed(encoded) => encoded,
        Encoded::Unchanged => panic!("left alone"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codecs_of_0_1_0_run_and_the_new_ones_read_them() {
    for (file, name) in [
        ("codec_aes_gcm.wasm", "aes-gcm"),
        ("codec_chacha20_poly1305.wasm", "chacha20-poly1305"),
        ("codec_snappy.wasm", "snappy"),
    ] {
        let before = old_codec(file).await;
        let now = bundled(&host(Limits::default()), name, Settings::none(), Reuse::Fresh).await;
        let payload = plain(b"cloakroom ".repeat(1000));
        for (writer, reader) in [(&before, &before), (&before, &now), (&now, &before)] {
            let written = encode(writer, &payload).await;
            assert_ne!(written, payload, "{file}");
            let read = reader.decode(&Context::namespace("n"), written).await.unwrap();
            assert_eq!(read, payload, "{file}");
        }
    }
}

fn pipeline(driver: PluginDriver) -> Pipeline {
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("d", driver);
    let offload = offload.with_memory_cache(ByteSize::bytes(0));
    cloakroom_tests::pipeline().with_offload(offload).build().unwrap()
}

/// Stores with each of two drivers, and reads with the other.
async fn read_each_other(before: PluginDriver, now: PluginDriver) {
    let ctx = Context::namespace("n").with_target(Kind::Workflow, "w", "Charge", Some("r"));
    let (before, now) = (pipeline(before), pipeline(now));
    for (writer, reader) in [(&before, &now), (&now, &before)] {
        let sent = vec![plain(noise(100)), plain(noise(1 << 20))];
        let kept = writer.encode(&ctx, sent.clone()).await.unwrap();
        assert_ne!(kept, sent);
        assert_eq!(reader.decode(&ctx, kept).await.unwrap(), sent);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_of_0_1_0_stores_and_the_new_one_reads_it() {
    let bucket: Arc<dyn cloakroom::storage::Bucket> = Arc::new(ObjectBucket::memory("payloads"));
    let grants = Grants::none().with_bucket("b", bucket, BucketAccess::whole());
    let settings = Settings::none().with_setting("bucket", "b");
    let load = |source| {
        let (grants, settings) = (grants.clone(), settings.clone());
        async move {
            let plugin = host(Limits::default()).load(source, grants).await.unwrap();
            plugin.driver(settings, Reuse::Fresh).await.unwrap()
        }
    };
    let now = load(cloakroom::plugin::bundled("file").unwrap()).await;
    read_each_other(load(old("driver_file.wasm")).await, now).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_of_0_1_0_with_connections_runs() {
    let address = rigs::redis().address();
    let settings = Settings::none().with_setting("address", address.to_string());
    let load = |source| {
        let settings = settings.clone();
        async move {
            let grants = Grants::none().with_tcp(address);
            let plugin = host(Limits::default()).load(source, grants).await.unwrap();
            plugin.driver(settings, Reuse::Fresh).await.unwrap()
        }
    };
    let now = load(cloakroom::plugin::bundled("redis").unwrap()).await;
    read_each_other(load(old("driver_redis.wasm")).await, now).await;
}

/// The settings of an old plugin are refused by the plugin itself, as before.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_of_0_1_0_refuses_its_settings_itself() {
    let host = host(Limits::default());
    let plugin = host.load(old("codec_snappy.wasm"), Grants::none()).await.unwrap();
    let error = plugin.codec(Settings::none().with_setting("x", 1), Reuse::Fresh).await;
    let error = error.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_text(
        &chain(&error),
        &["`x`"],
        &expect![[r#"
        plugin `codec_snappy.wasm`: unknown setting `x`: this plugin has none
    "#]],
    );
}

/// Puts another name of the same length in the place of one.
fn renamed(from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let (mut bytes, mut at) = (ROGUE.to_vec(), 0);
    while at + from.len() <= bytes.len() {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
        at += 1;
    }
    bytes
}

#[tokio::test]
async fn a_plugin_of_a_later_host_says_which_it_needs() {
    let (line, _) = CONTRACT.rsplit_once('.').unwrap();
    let later = format!("{line}.9");
    let to = format!("cloakroom:plugin/lag@{later}");
    let bytes = renamed(&format!("cloakroom:plugin/log@{CONTRACT}"), &to);
    let host = host(Limits::default());
    let loaded = host.load(Source::bytes("new", bytes), Grants::for_inspection()).await;
    let text = chain(&loaded.map(drop).unwrap_err());
    let needs = format!(
        "needs a host with version {later} of the contract or later, and this one has {CONTRACT}"
    );
    assert!(text.contains(&needs) && text.contains(&to), "{text}");
    // A later patch of what this host has loads, as long as it uses nothing that is new.
    let known = renamed(
        &format!("cloakroom:plugin/log@{CONTRACT}"),
        &format!("cloakroom:plugin/log@{later}"),
    );
    host.load(Source::bytes("known", known), Grants::for_inspection()).await.unwrap();
}
