//! Benchmark of a first load: compiling a plugin, and finding its code in a folder that was filled before,
//! beside wasmtime, which compiles the same file with the same settings. They take turns.
//!
//! `cargo xtask bench first`; large plugins are measured if the tests have built the examples before.

use std::{env, fs, path::Path};

use cloakroom::{
    ByteSize,
    plugin::{Host, Source},
};
use cloakroom_benches::{Cell, Report, Samples, Table, timed};
use tokio::runtime::{Builder, Runtime};
use wasmtime::{Config, Engine, component::Component};

const TURNS: usize = 5;

const COLUMNS: [&str; 6] =
    ["plugin", "bytes", "wasmtime", "Cloakroom", "wasmtime / Cloakroom", "from a filled folder"];

/// Times of one plugin, turn by turn.
#[derive(Default)]
struct Times {
    wasmtime: Samples,
    cloakroom: Samples,
    filled: Samples,
}

fn main() {
    let Some(mut report) = Report::start("first") else { return };
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let mut table = Table::new("a first load", &COLUMNS);
    for (name, wasm) in plugins() {
        if report.wants(&name) {
            let times = measure(&runtime, &wasm);
            table.row([
                name.into(),
                Cell::count(wasm.len()),
                Cell::time(&times.wasmtime),
                Cell::time(&times.cloakroom),
                Cell::ratio(&times.wasmtime, &times.cloakroom),
                Cell::time(&times.filled),
            ]);
            report.progress();
        }
    }
    report.print(table);
    report.finish();
}

/// Returns bundled plugins, and the files that the command names.
fn plugins() -> Vec<(String, Vec<u8>)> {
    let mut plugins: Vec<(String, Vec<u8>)> = ["aes-gcm", "zstd"]
        .map(|name| {
            let source = cloakroom::plugin::bundled(name).expect("bundled");
            let (_, wasm) = source.read_now(ByteSize::mib(64)).expect("bundled");
            (name.to_owned(), wasm.to_vec())
        })
        .to_vec();
    for file in env::split_paths(&env::var_os("CLOAKROOM_PLUGINS").unwrap_or_default()) {
        let folder = file.parent().and_then(Path::file_name).unwrap_or_default();
        let wasm = fs::read(&file).expect("a plugin that the tests have built");
        plugins.push((folder.to_string_lossy().into_owned(), wasm));
    }
    plugins
}

fn measure(runtime: &Runtime, wasm: &[u8]) -> Times {
    let mut times = Times::default();
    for _ in 0..TURNS {
        let engine = Engine::new(&config()).expect("an engine");
        times.wasmtime.push(timed(|| Component::new(&engine, wasm).expect("compiles")));
        let folder = tempfile::tempdir().expect("a folder");
        let cache = folder.path().join("cache");
        times.cloakroom.push(load(runtime, &cache, wasm));
        times.filled.push(load(runtime, &cache, wasm));
    }
    times
}

/// Returns the settings of Cloakroom's compiler.
fn config() -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true).concurrency_support(false);
    config
}

/// Returns how long a new host takes to have a plugin's code: counted and compiled, or found and checked.
fn load(runtime: &Runtime, cache: &Path, wasm: &[u8]) -> f64 {
    let host = Host::builder().with_cache(cache).build().expect("a host");
    let source = Source::bytes("plugin", wasm.to_vec());
    timed(|| runtime.block_on(host.compile(&source)).expect("compiles"))
}
