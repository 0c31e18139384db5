//! Calls of codecs, warm and fresh.

use std::path::Path;

use cloakroom::{
    Context, Payload, Pipeline, Stage,
    plugin::{Grants, Host, Limits, Plugin, Reuse, Settings},
};
use cloakroom_tests::{noise, ring, text};

use crate::calls::{KIB, Prepared, Run};

/// Size that warms an instance, and leaves its codec quick for what is measured: the host expects half of
/// it to be quick after it was not.
const WARMING: usize = 60 * KIB;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Encode,
    Decode,
}

pub(crate) struct Call {
    pub(crate) plugin: &'static str,
    pub(crate) way: Way,
    pub(crate) size: usize,
    /// Payloads of one call.
    pub(crate) count: usize,
    pub(crate) reuse: Reuse,
}

impl Call {
    pub(crate) fn name(&self) -> String {
        let way = if self.way == Way::Encode { "encode" } else { "decode" };
        let count = if self.count > 1 { format!("{} x ", self.count) } else { String::new() };
        let reuse = if self.reuse == Reuse::Warm { "warm" } else { "fresh" };
        format!("{}, {way}, {count}{} KiB, {reuse}", self.plugin, self.size / KIB)
    }

    pub(crate) async fn prepare(&self, runs: usize, cache: &Path) -> Prepared {
        let plugin = plugin(self.plugin, cache).await;
        let maker = pipeline(&plugin, self.reuse).await;
        let warming = Payload::new("binary/plain", noise(WARMING));
        let encoded = encode(&maker, vec![Payload::new("binary/plain", noise(WARMING / 3))]).await;
        let sent: Vec<_> =
            (0..self.count).map(|_| Payload::new("json/plain", text(self.size))).collect();
        let input = match self.way {
            Way::Encode => sent,
            Way::Decode => encode(&maker, sent).await,
        };
        // Its warm instance has one of the four places, and the last of the calls would have a fresh one.
        drop(maker);
        let (mut pipelines, mut calls) = (Vec::new(), Vec::<Run>::new());
        for _ in 0..runs {
            let pipeline = pipeline(&plugin, self.reuse).await;
            if self.reuse == Reuse::Warm {
                encode(&pipeline, vec![warming.clone()]).await;
                decode(&pipeline, encoded.clone()).await;
            }
            let (input, way) = (input.clone(), self.way);
            pipelines.push(pipeline.clone());
            calls.push(Box::new(move || {
                let (pipeline, input) = (pipeline.clone(), input.clone());
                Box::pin(async move {
                    let output = match way {
                        Way::Encode => encode(&pipeline, input).await,
                        Way::Decode => decode(&pipeline, input).await,
                    };
                    assert!(!output.is_empty());
                })
            }));
        }
        Prepared { runs: calls, kept: Box::new(pipelines) }
    }
}

/// Loads a plugin in a host of its own.
pub(crate) async fn plugin(name: &str, cache: &Path) -> Plugin {
    let limits = Limits { instances: 4.try_into().expect("not zero"), ..Limits::default() };
    let host = Host::builder().with_limits(limits).with_cache(cache).build().expect("a host");
    let grants = match name {
        "aes-gcm" => Grants::none().with_keys("payments", ring()),
        _ => Grants::none(),
    };
    let source = cloakroom::plugin::bundled(name).expect("bundled");
    host.load(source, grants).await.expect("loads")
}

/// Returns a pipeline with an instance of its own.
async fn pipeline(plugin: &Plugin, reuse: Reuse) -> Pipeline {
    let settings = match plugin.name() {
        "aes-gcm" => {
            Settings::none().with_setting("ring", "payments").with_setting("format", "temporal")
        }
        _ => Settings::none().with_setting("level", "1"),
    };
    let codec = plugin.codec(settings, reuse).await.expect("a codec");
    cloakroom_tests::pipeline().with_stage(Stage::new("stage", codec)).build().expect("a pipeline")
}

async fn encode(pipeline: &Pipeline, payloads: Vec<Payload>) -> Vec<Payload> {
    pipeline.encode(&Context::namespace("bench"), payloads).await.expect("encodes")
}

async fn decode(pipeline: &Pipeline, payloads: Vec<Payload>) -> Vec<Payload> {
    pipeline.decode(&Context::namespace("bench"), payloads).await.expect("decodes")
}
