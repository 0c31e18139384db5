//! The steps, each alone and all in a chain.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use aws_lc_rs::digest;
use bytes::Bytes;
use cloakroom::{Cloakroom, CloakroomBuilder, Context, Payload, storage::TemporalReferences};
use object_store::{ObjectStoreExt, PutPayload, local::LocalFileSystem};
use tokio::runtime::{Builder, Runtime};

/// Compress, seal, hash, store, and the chain of them.
pub(crate) const STEPS: usize = 5;

const COMPRESS: &str = r#"
    [[stage]]
    plugin = "bundled:zstd"
"#;

const SEAL: &str = r#"
    [[stage]]
    plugin = "bundled:aes-gcm"
    required = true
    settings = { ring = "payments" }
    grants.keys = ["payments"]
"#;

const STORE: &str = r#"
    [storage]
    threshold = "256KiB"
    cache.memory = "0B"

    [[storage.driver]]
    name = "file"
    plugin = "bundled:file"
    settings = { bucket = "objects" }
    grants.buckets = ["objects"]
"#;

/// Contestants, and the payload.
pub(crate) struct Steps {
    runtime: Runtime,
    payload: Payload,
    compress: Cloakroom,
    seal: Cloakroom,
    chain: Cloakroom,
    direct: LocalFileSystem,
    objects: usize,
    _folder: tempfile::TempDir,
}

impl Steps {
    pub(crate) fn open(body: Bytes) -> Self {
        let runtime = runtime();
        let folder = tempfile::tempdir().expect("a folder");
        let (compress, seal, chain) = runtime.block_on(async {
            (open(COMPRESS).await, open(SEAL).await, open_chain(folder.path()).await)
        });
        let direct = folder.path().join("direct");
        fs::create_dir_all(&direct).expect("a folder");
        let mut steps = Self {
            runtime,
            payload: Payload::new("json/plain", body),
            compress,
            seal,
            chain,
            direct: LocalFileSystem::new_with_prefix(direct).expect("a store"),
            objects: 0,
            _folder: folder,
        };
        // Pages and code that every turn needs.
        steps.turn();
        steps
    }

    /// Runs each step on what the one before made, and then the chain. Returns their seconds.
    pub(crate) fn turn(&mut self) -> [f64; STEPS] {
        self.objects += 1;
        let path = format!("{}", self.objects).into();
        self.runtime.block_on(async {
            let (compressed, compress) = encode(&self.compress, self.payload.clone()).await;
            let (sealed, seal) = encode(&self.seal, compressed).await;
            assert_eq!(sealed.encoding(), Some("binary/sealed"));
            let object = sealed.envelope();
            let start = Instant::now();
            let mut hash = digest::Context::new(&digest::SHA256);
            [&object.head, &object.body, &object.tail]
                .into_iter()
                .for_each(|part| hash.update(part));
            std::hint::black_box(hash.finish());
            let hash = start.elapsed();
            let start = Instant::now();
            let parts = PutPayload::from_iter([object.head, object.body, object.tail]);
            self.direct.put(&path, parts).await.expect("is stored");
            let store = start.elapsed();
            self.direct.delete(&path).await.expect("is deleted");
            let (reference, chain) = encode(&self.chain, self.payload.clone()).await;
            assert!(TemporalReferences::is_reference(&reference));
            [compress, seal, hash, store, chain].map(|time| time.as_secs_f64())
        })
    }
}

pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

/// Returns the chain, which stores in `folder`.
pub(crate) async fn open_chain(folder: &Path) -> Cloakroom {
    let objects = folder.join("objects");
    fs::create_dir_all(&objects).expect("a folder");
    let bucket = format!("[buckets.objects]\nurl = \"file:{}\"\n", objects.display());
    open(&[COMPRESS, SEAL, STORE, &bucket].concat()).await
}

async fn open(text: &str) -> Cloakroom {
    let opening = CloakroomBuilder::text(text).with_key_ring("payments", cloakroom_tests::ring());
    opening.with_cache(cloakroom_tests::compile_cache()).open().await.expect("opens")
}

pub(crate) async fn encode(cloakroom: &Cloakroom, payload: Payload) -> (Payload, Duration) {
    let start = Instant::now();
    let encoded = cloakroom.encode(&Context::namespace("payments"), vec![payload]).await;
    let time = start.elapsed();
    (encoded.expect("is encoded").remove(0), time)
}
