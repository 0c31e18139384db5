//! Cloakroom: pipelines of one stage with the bundled plugins, under the default limits.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cloakroom::{
    Context, Payload, Pipeline, Stage,
    keys::{KeyMaterial, Ring},
    plugin::{Grants, Host, Limits, Reuse, Settings},
};
use tokio::runtime::{Builder, Runtime};

use crate::peer::{Operation, Peer, Way};

pub(crate) struct Ours {
    runtime: Runtime,
    /// By plugin: `aes-gcm`, then `zstd`; each fresh, then warm.
    pipelines: [[Pipeline; 2]; 2],
    input: Payload,
    output: Payload,
}

impl Ours {
    pub(crate) fn load() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        // zstd takes longer than the default for 32 MiB if the machine is busy.
        let limits = Limits { time: Duration::from_secs(60), ..Limits::default() };
        let host = Host::builder().with_limits(limits).build().expect("a host");
        let seal = [("ring", "bench"), ("format", "temporal")];
        let plugins = [("aes-gcm", &seal[..]), ("zstd", &[("level", "1")])];
        let pipelines = plugins.map(|(plugin, settings)| {
            let settings = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            let settings = settings.collect();
            let load = pipelines(&host, plugin, settings);
            runtime.block_on(load)
        });
        let empty = Payload::new("binary/plain", Vec::new());
        Self { runtime, pipelines, input: empty.clone(), output: empty }
    }
}

async fn pipelines(host: &Host, plugin: &str, settings: Settings) -> [Pipeline; 2] {
    let ring = Ring::single("bench", &KeyMaterial::new(*b"a key that every bench may know!"));
    let grants = Grants::none().with_keys("bench", Arc::new(ring.expect("a ring")));
    let source = cloakroom::plugin::bundled(plugin).expect("bundled");
    let loaded = host.load(source, grants).await.expect("loads");
    let fresh = loaded.codec(settings.clone(), Reuse::Fresh).await.expect("a codec");
    let warm = loaded.codec(settings, Reuse::Warm).await.expect("a codec");
    [fresh, warm].map(|codec| {
        let stage = Stage::new(plugin, codec);
        cloakroom_tests::pipeline().with_stage(stage).build().expect("a pipeline")
    })
}

impl Peer for Ours {
    fn set_input(&mut self, input: Vec<u8>) {
        // What was encoded is a payload with metadata, which the bytes alone do not have.
        self.input = if input == self.output.data {
            self.output.clone()
        } else {
            Payload::new("binary/plain", input)
        };
    }

    fn run(&mut self, way: Way, operation: Operation, count: usize) -> Duration {
        let [fresh, warm] = match operation {
            Operation::Open | Operation::Seal => &self.pipelines[0],
            Operation::Compress | Operation::Decompress => &self.pipelines[1],
        };
        let pipeline = if way == Way::Warm { warm } else { fresh };
        let ctx = Context::namespace("bench");
        let begin = Instant::now();
        let output = self.runtime.block_on(async {
            let mut output = Vec::new();
            for _ in 0..count {
                let batch = vec![self.input.clone()];
                output = match operation.encoder() {
                    None => pipeline.encode(&ctx, batch).await.expect("encodes"),
                    Some(_) => pipeline.decode(&ctx, batch).await.expect("decodes"),
                };
            }
            output
        });
        let time = begin.elapsed();
        self.output = output.into_iter().next().expect("a payload");
        time
    }

    fn output(&mut self) -> Vec<u8> {
        self.output.data.to_vec()
    }
}
