//! Floor of a fresh instance: `wasmtime` makes and drops one of the same component, and nothing is around it.

use std::time::Instant;

use cloakroom::{Context, plugin::Reuse};
use cloakroom_benches::{Cell, Samples, Table};
use wasmtime::{
    Config, Engine, PoolingAllocationConfig, Store,
    component::{Component, InstancePre, Linker},
};

use crate::{data, measure::Runner, plugins::Codecs};

const TURNS: usize = 41;
const CALLS: usize = 100;

const COLUMNS: [&str; 6] = [
    "plugin",
    "wasmtime: instantiate and drop",
    "warm call",
    "fresh call",
    "fresh - warm",
    "wasmtime / (fresh - warm)",
];

/// Measures a call on a warm and on a fresh instance, and beside them the floor, turn by turn.
pub(crate) fn table(runner: &Runner, codecs: &Codecs, ctx: &Context) -> Table {
    let mut table = Table::new("instances", &COLUMNS);
    for (name, bundled) in [("aes", "aes-gcm"), ("zstd", "zstd")] {
        let floor = pre(cloakroom_bundle::find(bundled).expect("bundled").wasm);
        let (warm, fresh) = (
            codecs.pipeline(runner, &[name], Reuse::Warm),
            codecs.pipeline(runner, &[name], Reuse::Fresh),
        );
        let plain = data::text(1 << 10);
        let turn = |who: usize| {
            let start = Instant::now();
            match who {
                0 => (0..CALLS).for_each(|_| instantiate(&floor)),
                _ => runner.block_on(async {
                    let pipeline = if who == 1 { &warm } else { &fresh };
                    for _ in 0..CALLS {
                        drop(pipeline.encode(ctx, vec![plain.clone()]).await.expect("encodes"));
                    }
                }),
            }
            start.elapsed().as_secs_f64() / CALLS as f64
        };
        let mut times: [Samples; 3] = Default::default();
        for who in 0..3 {
            turn(who);
        }
        for _ in 0..TURNS {
            (0..3).for_each(|who| times[who].push(turn(who)));
        }
        let [floor, warm, fresh] = times;
        let added = fresh.minus(&warm);
        table.row([
            bundled.into(),
            Cell::time(&floor),
            Cell::time(&warm),
            Cell::time(&fresh),
            Cell::time(&added),
            Cell::ratio(&floor, &added),
        ]);
    }
    table
}

/// Compiles and links a component. Its imports do nothing: no function of it is called.
fn pre(plugin: &[u8]) -> InstancePre<()> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_memories(64).linear_memory_keep_resident(2 << 20).table_keep_resident(2 << 20);
    pool.max_memory_size(64 << 20).table_elements(100_000).max_component_instance_size(4 << 20);
    pool.max_core_instance_size(4 << 20).max_tables_per_module(8).max_memories_per_module(2);
    let mut config = Config::new();
    config.epoch_interruption(true).concurrency_support(false).allocation_strategy(pool);
    let engine = Engine::new(&config).expect("an engine");
    let component = Component::new(&engine, plugin).expect("a component");
    let mut linker = Linker::new(&engine);
    linker.define_unknown_imports_as_traps(&component).expect("linked");
    linker.instantiate_pre(&component).expect("linked")
}

fn instantiate(pre: &InstancePre<()>) {
    let mut store = Store::new(pre.engine(), ());
    store.set_epoch_deadline(u64::MAX / 2);
    pre.instantiate(&mut store).expect("instantiates");
}
