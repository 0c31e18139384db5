//! Growth with the number of plugins that are loaded.

use std::{fmt::Write as _, fs, path::Path};

use cloakroom::{Cloakroom, CloakroomBuilder, Context, Payload};
use futures::{FutureExt as _, future::LocalBoxFuture};
use tempfile::TempDir;

use crate::{
    axis::{self, Axis, Prepared},
    configuration::round_trip,
    meter::{Costs, Meter},
    process::runtime,
};

/// Plugins of so many files.
pub(crate) fn files() -> Axis {
    Axis {
        title: "plugins loaded",
        size: "stages, each a plugin of its own: 1 KiB through all of them and back",
        ..axis(|number| number as u32)
    }
}

/// As many plugins of files with the same bytes, which share their code.
pub(crate) fn one_file() -> Axis {
    Axis {
        title: "plugins of equal files",
        size: "stages, all of the same bytes: 1 KiB through all of them and back",
        ..axis(|_| 0)
    }
}

fn axis(mark: fn(usize) -> u32) -> Axis {
    let mut folder = None;
    let prepare = move |count| {
        let folder = folder.get_or_insert_with(|| tempfile::tempdir().expect("a folder"));
        write(folder, count, mark);
        // Compiles those that are new.
        runtime().block_on(open(folder.path(), count));
        Prepared { argument: folder.path().display().to_string(), _kept: None }
    };
    Axis {
        title: "",
        size: "",
        first: Some("opening"),
        sizes: &[1, 5, 20, 50, 100, 200],
        show: axis::count,
        prepare: Box::new(prepare),
        measure,
    }
}

/// Writes so many files of the bundled cipher, each with a mark in a section at its end. Files with other
/// bytes are compiled and loaded for themselves.
fn write(folder: &TempDir, count: usize, mark: fn(usize) -> u32) {
    let bundled = cloakroom_bundle::find("aes-gcm").expect("is bundled");
    for number in 0..count {
        let name = "mark".as_bytes();
        let content = [&[name.len() as u8], name, &mark(number).to_le_bytes()].concat();
        let section = [&[0, content.len() as u8], &*content].concat();
        let file = folder.path().join(format!("sealing-{number}.wasm"));
        fs::write(file, [bundled.wasm, &section].concat()).expect("a file");
    }
}

async fn open(folder: &Path, count: usize) -> Cloakroom {
    let mut text = String::new();
    for number in 0..count {
        let file = folder.join(format!("sealing-{number}.wasm"));
        let _ = write!(
            text,
            "[[stage]]\nplugin = \"file:{}\"\nrequired = true\nsettings = {{ ring = \"payments\" }}\n\
             grants.keys = [\"payments\"]\n",
            file.display()
        );
    }
    let builder = CloakroomBuilder::text(text).with_cache(folder.join("compiled"));
    let builder = builder.with_key_ring("payments", cloakroom_tests::ring());
    builder.open().await.expect("opens")
}

fn measure(count: usize, folder: String) -> LocalBoxFuture<'static, Costs> {
    async move {
        let ctx = Context::namespace("default");
        let body = cloakroom_tests::text(1 << 10);
        let meter = Meter::start();
        let cloakroom = open(Path::new(&folder), count).await;
        let opened = meter.elapsed();
        let turn = async || {
            round_trip(&cloakroom, &ctx, Payload::new("json/plain", body.clone())).await;
        };
        meter.repeat(opened, turn).await
    }
    .boxed_local()
}
