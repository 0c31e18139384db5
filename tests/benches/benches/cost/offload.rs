//! Calls that store payloads in a folder, and retrieve them.

use std::{path::Path, sync::Arc};

use cloakroom::{
    ByteSize, Context, Payload, Pipeline,
    plugin::{Grants, Host, Limits, Reuse, Settings},
    storage::{Bucket, BucketAccess, BucketUrl, Offload},
};
use cloakroom_tests::text;

use crate::calls::{KIB, Prepared, Run};

#[derive(Clone, Copy)]
pub(crate) enum Call {
    Store,
    Retrieve,
}

impl Call {
    pub(crate) const ALL: [Self; 2] = [Self::Store, Self::Retrieve];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Store => "file, store, 256 KiB, fresh",
            Self::Retrieve => "file, retrieve, 256 KiB, fresh",
        }
    }

    pub(crate) async fn prepare(self, runs: usize, cache: &Path) -> Prepared {
        let folder = tempfile::tempdir().expect("a folder");
        let pipeline = pipeline(folder.path(), cache).await;
        let mut calls = Vec::<Run>::new();
        for run in 0..runs {
            let (pipeline, mut payloads) = (pipeline.clone(), vec![payload(run)]);
            if let Self::Retrieve = self {
                payloads = pipeline.encode(&Context::none(), payloads).await.expect("stores");
            }
            calls.push(Box::new(move || {
                let (pipeline, payloads) = (pipeline.clone(), payloads.clone());
                Box::pin(async move {
                    match self {
                        Self::Store => pipeline.encode(&Context::none(), payloads).await,
                        Self::Retrieve => pipeline.decode(&Context::none(), payloads).await,
                    }
                    .expect("is stored or retrieved");
                })
            }));
        }
        Prepared { runs: calls, kept: Box::new((folder, pipeline)) }
    }
}

/// Returns a payload that no other run has, since one that is equal is stored once.
fn payload(run: usize) -> Payload {
    let mut data = text(256 * KIB).to_vec();
    data.splice(..8, run.to_le_bytes());
    Payload::new("json/plain", data)
}

async fn pipeline(folder: &Path, cache: &Path) -> Pipeline {
    let bucket = BucketUrl::new(format!("file:{}", folder.display())).open().expect("opens");
    let bucket: Arc<dyn Bucket> = Arc::new(bucket);
    let limits = Limits { instances: 4.try_into().expect("not zero"), ..Limits::default() };
    let host = Host::builder().with_limits(limits).with_cache(cache).build().expect("a host");
    let grants = Grants::none().with_bucket("b", bucket, BucketAccess::whole());
    let source = cloakroom::plugin::bundled("file").expect("bundled");
    let plugin = host.load(source, grants).await.expect("loads");
    let settings = Settings::none().with_setting("bucket", "b");
    let driver = plugin.driver(settings, Reuse::Fresh).await.expect("a driver");
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("d", driver);
    let offload = offload.with_memory_cache(ByteSize::bytes(0));
    cloakroom_tests::pipeline().with_offload(offload).build().expect("a pipeline")
}
