//! The plugins, fresh and warm, and how long they take to load.

use std::{collections::BTreeMap, sync::Arc};

use cloakroom::{
    Pipeline, Stage,
    keys::{KeyMaterial, Ring},
    plugin::{Grants, Host, Limits, Plugin, Reuse, Settings},
};
use cloakroom_benches::{Samples, timed};

use crate::{measure::Runner, native::KEY};

type Pairs = &'static [(&'static str, &'static str)];

pub(crate) struct Codecs {
    plugins: BTreeMap<&'static str, (Plugin, Settings)>,
}

fn grants() -> Grants {
    let ring = Ring::single("bench", &KeyMaterial::new(KEY)).expect("a ring");
    Grants::none().with_keys("bench", Arc::new(ring))
}

/// Names here, names of bundled plugins, and settings.
const PLUGINS: [(&str, &str, Pairs); 3] = [
    ("aes", "aes-gcm", &[("ring", "bench"), ("format", "temporal")]),
    ("sealed", "aes-gcm", &[("ring", "bench")]),
    ("zstd", "zstd", &[("level", "1")]),
];

impl Codecs {
    pub(crate) fn load(runner: &Runner) -> Self {
        let limits = Limits { time: std::time::Duration::from_secs(60), ..Limits::default() };
        let host = Host::builder().with_limits(limits).build().expect("a host");
        let mut plugins = BTreeMap::new();
        for (name, bundled, pairs) in PLUGINS {
            let source = cloakroom::plugin::bundled(bundled).expect("bundled");
            let plugin = runner.block_on(host.load(source, grants())).expect("loads");
            let settings =
                pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            plugins.insert(name, (plugin, settings));
        }
        Self { plugins }
    }

    pub(crate) fn pipeline(&self, runner: &Runner, names: &[&str], reuse: Reuse) -> Pipeline {
        let mut pipeline = cloakroom_tests::pipeline();
        for name in names {
            let (plugin, settings) = &self.plugins[name];
            let codec = runner.block_on(plugin.codec(settings.clone(), reuse)).expect("a codec");
            pipeline = pipeline.with_stage(Stage::new(name, codec));
        }
        pipeline.build().expect("a pipeline")
    }
}

/// Seconds to load each plugin from the compile cache: read, hash, inspect, map, link, describe.
pub(crate) fn load_times(runner: &Runner) -> Vec<(&'static str, Samples)> {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let load = |bundled: &str| {
        let host = Host::builder().with_cache(&cache).build().expect("a host");
        let source = cloakroom::plugin::bundled(bundled).expect("bundled");
        timed(|| runner.block_on(host.load(source, grants())).expect("loads"))
    };
    ["aes-gcm", "zstd"]
        .map(|bundled| {
            load(bundled);
            (bundled, (0..21).map(|_| load(bundled)).collect())
        })
        .to_vec()
}
