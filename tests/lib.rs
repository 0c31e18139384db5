//! Hosts, guests and payloads that tests and benchmarks share.

/// Messages of Dapr's workflows, for tests that read and write them with another parser.
#[allow(clippy::all, missing_docs, unused_qualifications)]
pub mod dapr_protos {
    include!(concat!(env!("OUT_DIR"), "/_.rs"));

    /// Messages of the service `Dapr`.
    pub mod runtime {
        include!(concat!(env!("OUT_DIR"), "/dapr.proto.runtime.v1.rs"));
    }
}
mod kek;
mod machine;
pub mod rigs;
mod snapshot;

pub use kek::Kek;
pub use machine::{
    PATIENCE, dapr, go, java, jco, node, poll_until, program, python, wait_until, zig,
};
pub use snapshot::{assert_text, assert_texts, normalise, without_slot};

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use cloakroom::{
    Context, Error, Payload, Pipeline,
    keys::{Key, KeyMaterial, KeyRing, Ring},
    pipeline::PipelineBuilder,
    plugin::{Grants, Host, Limits, PluginCodec, PluginDriver, Reuse, Settings, Source},
    storage::{Bucket, BucketAccess, TemporalReferences},
};

/// The rogue guest, importing nothing but the contract.
pub const ROGUE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rogue_bare.wasm"));

/// The rogue guest as `cargo build --target wasm32-wasip2` makes it.
pub const ROGUE_WASIP2: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rogue_wasip2.wasm"));

/// The driver that breaks rules.
pub const ROGUE_DRIVER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rogue_driver.wasm"));

/// The driver over HTTP, which also sends any request of its settings.
pub const ROGUE_HTTP: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rogue_http.wasm"));

/// The driver over WASI's own HTTP.
pub const ROGUE_FETCH: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rogue_fetch.wasm"));

/// The codec that breaks one rule of the conformance suite.
pub const FAULTY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/faulty.wasm"));

/// The driver that breaks one rule of the conformance suite.
pub const FAULTY_DRIVER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/faulty_driver.wasm"));

/// The guest that makes the host calls that its payload lists.
pub const PUPPET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/puppet.wasm"));

/// The codec that moves payloads into a bucket and marks what it leaves.
pub const PARTS_CODEC: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/parts_codec.wasm"));

/// A bundled plugin as a third party would build it, for `wasm32-wasip2`.
pub const ZLIB_WASIP2: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/zlib_wasip2.wasm"));

/// The plugin of `examples/reverse-codec`.
pub const REVERSE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/reverse_codec.wasm"));

/// The plugin of `examples/postgres-driver`.
pub const POSTGRES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/postgres_driver.wasm"));

/// The plugin of `examples/remote-codec`.
pub const LARGE_PAYLOADS: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/large_payload_codec.wasm"));

/// Where tests keep compiled plugins.
pub fn compile_cache() -> PathBuf {
    PathBuf::from(concat!(env!("OUT_DIR"), "/compiled"))
}

/// A host with these limits.
pub fn host(limits: Limits) -> Host {
    Host::builder().with_limits(limits).with_cache(compile_cache()).build().expect("a host")
}

/// A ring of one key that tests know.
pub fn ring() -> Arc<dyn KeyRing> {
    Arc::new(Ring::single("test-key", &KeyMaterial::new(KEY)).expect("a ring"))
}

/// Returns the key of [`ring`].
pub fn key() -> Arc<dyn Key> {
    let found = ring().lasting().now().expect("at hand").expect("no error");
    found.expect("a current key")
}

/// The key of [`ring`].
pub const KEY: [u8; 32] = *b"a key that every test may know!!";

/// Loads a bundled plugin; the ciphers get [`ring`] as `payments`.
pub async fn bundled(host: &Host, name: &str, settings: Settings, reuse: Reuse) -> PluginCodec {
    let (grants, settings) = match name {
        "aes-gcm" => (
            Grants::none().with_keys("payments", ring()),
            settings.with_setting("ring", "payments"),
        ),
        "chacha20-poly1305" => (
            Grants::none().with_subkeys("payments", ring()),
            settings.with_setting("ring", "payments"),
        ),
        _ => (Grants::none(), settings),
    };
    let plugin = host.load(cloakroom::plugin::bundled(name).expect("bundled"), grants).await;
    plugin.expect("loads").codec(settings, reuse).await.expect("a codec")
}

/// The bundled drivers; all other bundled plugins are codecs.
pub const DRIVERS: [&str; 5] = ["azure", "file", "gcs", "redis", "s3"];

/// The names of the bundled codecs.
pub fn bundled_codecs() -> impl Iterator<Item = &'static str> {
    cloakroom::plugin::bundled_names().filter(|name| !DRIVERS.contains(name))
}

/// Loads a bundled driver over one bucket, which it gets as `payloads`.
pub async fn bucket_driver(
    name: &str,
    bucket: &Arc<dyn Bucket>,
    settings: &[(&str, &str)],
) -> PluginDriver {
    granted_driver(name, bucket, BucketAccess::whole(), settings).await
}

/// The same within a grant.
pub async fn granted_driver(
    name: &str,
    bucket: &Arc<dyn Bucket>,
    access: BucketAccess,
    settings: &[(&str, &str)],
) -> PluginDriver {
    let grants = Grants::none().with_bucket("payloads", bucket.clone(), access);
    let source = cloakroom::plugin::bundled(name).expect("bundled");
    let plugin = host(Limits::default()).load(source, grants).await.expect("loads");
    let settings = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    let settings: Settings = settings.collect();
    plugin
        .driver(settings.with_setting("bucket", "payloads"), Reuse::Fresh)
        .await
        .expect("a driver")
}

/// Returns the storage part of a configuration: a bucket of a server that speaks S3, and no cache
/// in memory. It ends with the table of the bucket, so callers may append keys to that table.
pub fn s3_storage(endpoint: &str, bucket: &str) -> String {
    format!(
        r#"
        [storage]
        cache.memory = "0B"

        [[storage.driver]]
        name = "aws.s3driver"
        plugin = "bundled:s3"
        settings = {{ bucket = "payloads" }}
        grants.buckets = ["payloads"]

        [buckets.payloads]
        url = "s3://{bucket}"
        endpoint = "{endpoint}"
        region = "us-east-1"
        access_key_id = "test"
        secret_access_key = {{ file = "/etc/hostname" }}
        "#
    )
}

/// All that the rogue imports; the address is one where nobody listens.
pub fn rogue_grants() -> Grants {
    let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 9));
    Grants::none().with_keys("rogue", ring()).with_subkeys("rogue", ring()).with_tcp(nowhere)
}

/// Loads the rogue.
pub async fn rogue(host: &Host, wasm: &'static [u8], reuse: Reuse) -> PluginCodec {
    let grants = rogue_grants();
    let plugin = host.load(Source::bytes("rogue", wasm), grants).await.expect("loads");
    plugin.codec(Settings::none(), reuse).await.expect("a codec")
}

/// Text that compresses as documents do: some 3 to 1.
pub fn text(size: usize) -> Bytes {
    let words = [
        "invoice",
        "amount",
        "due",
        "net",
        "total",
        "{\"box\":[",
        "],\"text\":\"",
        "\"confidence\":0.",
        "payable",
        "reference",
        "supplier",
        "line",
        "item",
        "quantity",
        "unit",
        "price",
        "discount",
    ];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut text = Vec::with_capacity(size + 32);
    while text.len() < size {
        let number = random.next();
        text.extend_from_slice(words[number as usize % words.len()].as_bytes());
        text.extend_from_slice(format!("{}", number >> 48).as_bytes());
        text.push(b' ');
    }
    text.truncate(size);
    text.into()
}

/// Bytes that do not compress.
pub fn noise(size: usize) -> Bytes {
    let mut random = Random(42);
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        bytes.extend_from_slice(&random.next().to_le_bytes());
    }
    bytes.truncate(size);
    bytes.into()
}

/// xorshift64*: the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

/// An error and all its causes, as a person would see them.
pub fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// A context that names a namespace.
pub fn ctx() -> Context {
    Context::namespace("payments prod")
}

/// A plain payload.
pub fn plain(data: impl Into<Bytes>) -> Payload {
    Payload::new("json/plain", data)
}

/// Returns the builder of a pipeline that reads and writes Temporal's references.
pub fn pipeline() -> PipelineBuilder {
    Pipeline::builder().with_reference_format(TemporalReferences)
}
