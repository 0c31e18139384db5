//! Growth with the number of namespaces that have keys of their own.

use std::{fmt::Write as _, fs, path::Path};

use cloakroom::{Cloakroom, CloakroomBuilder, Context, Payload};
use cloakroom_tests::Kek;
use futures::{FutureExt as _, future::LocalBoxFuture};

use crate::{
    axis::{self, Axis},
    configuration::round_trip,
    meter::{Costs, Meter},
};

const SIZES: &[usize] = &[1, 10, 100, 1000];

/// Namespaces that each have a ring, with a key in a file.
pub(crate) fn static_keys() -> Axis {
    Axis {
        title: "namespaces with static keys",
        size: "namespaces with a ring of their own: 1 KiB of each and back",
        first: Some("opening"),
        sizes: SIZES,
        show: axis::count,
        prepare: axis::nothing(),
        measure: measure_static_keys,
    }
}

/// Namespaces that share a ring over a key service, each with a data key of its own.
pub(crate) fn data_keys() -> Axis {
    Axis {
        title: "namespaces with data keys",
        size: "namespaces with a data key of their own: 1 KiB of each and back",
        first: Some("first calls"),
        sizes: SIZES,
        show: axis::count,
        prepare: axis::nothing(),
        measure: measure_data_keys,
    }
}

fn measure_static_keys(count: usize, _: String) -> LocalBoxFuture<'static, Costs> {
    async move {
        let folder = tempfile::tempdir().expect("a folder");
        let text = rings(folder.path(), count);
        let meter = Meter::start();
        let cloakroom = open(CloakroomBuilder::text(text)).await;
        let opened = meter.elapsed();
        let namespaces = Namespaces::new(cloakroom, count);
        meter.repeat(opened, async || namespaces.each().await).await
    }
    .boxed_local()
}

fn measure_data_keys(count: usize, _: String) -> LocalBoxFuture<'static, Costs> {
    async move {
        let text =
            format!("{}[keys.common]\nservice = \"native:kek\"\n", stage(&["common".into()]));
        let meter = Meter::start();
        let builder = CloakroomBuilder::text(text);
        let cloakroom = open(builder.with_key_service("kek", Kek::new())).await;
        let (opened, namespaces) = (meter.elapsed(), Namespaces::new(cloakroom, count));
        namespaces.each().await;
        let first = meter.elapsed() - opened;
        meter.repeat(first, async || namespaces.each().await).await
    }
    .boxed_local()
}

/// Writes a key for each namespace, and one for all others. Returns the configuration.
fn rings(folder: &Path, count: usize) -> String {
    let names: Vec<_> = (0..count).map(|number| format!("ring-{number}")).collect();
    let (common, mut tables) = ("common".to_owned(), String::new());
    for (number, name) in [&common].into_iter().chain(&names).enumerate() {
        let file = folder.join(name);
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).expect("random bytes");
        fs::write(&file, key).expect("a file");
        let file = file.display();
        let _ = writeln!(
            tables,
            "[keys.{name}]\ncurrent = \"key-{number}\"\n\
             material = {{ \"key-{number}\" = {{ file = \"{file}\" }} }}"
        );
    }
    for (number, name) in names.iter().enumerate() {
        let _ = writeln!(tables, "[namespace.{}]\nring = \"{name}\"", namespace(number));
    }
    let all: Vec<_> = [common].into_iter().chain(names).collect();
    stage(&all) + &tables
}

fn stage(rings: &[String]) -> String {
    format!(
        "[[stage]]\nplugin = \"bundled:aes-gcm\"\nrequired = true\n\
         settings = {{ ring = \"common\" }}\ngrants.keys = {rings:?}\n"
    )
}

async fn open(builder: CloakroomBuilder) -> Cloakroom {
    builder.with_cache(cloakroom_tests::compile_cache()).open().await.expect("opens")
}

fn namespace(number: usize) -> String {
    format!("namespace-{number}")
}

struct Namespaces {
    cloakroom: Cloakroom,
    contexts: Vec<Context>,
    body: bytes::Bytes,
}

impl Namespaces {
    fn new(cloakroom: Cloakroom, count: usize) -> Self {
        let contexts = (0..count).map(|number| Context::namespace(namespace(number))).collect();
        Self { cloakroom, contexts, body: cloakroom_tests::text(1 << 10) }
    }

    /// Makes a call of each namespace, one after the other.
    async fn each(&self) {
        for ctx in &self.contexts {
            round_trip(&self.cloakroom, ctx, Payload::new("json/plain", self.body.clone())).await;
        }
    }
}
