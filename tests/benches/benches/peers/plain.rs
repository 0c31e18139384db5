//! wasmtime with nothing around it: no limits, no interruption, bytes in and bytes out.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use wasmtime::{
    Config, Engine, PoolingAllocationConfig, Store,
    component::{Component, HasSelf, Linker},
};

use self::bindings::{Peer as Exports, PeerImports, PeerPre};
use crate::{
    cipher::Cipher,
    peer::{Operation, Peer, Way},
};

mod bindings {
    wasmtime::component::bindgen!({ path: "peers/guest-component/wit", world: "peer" });
}

pub(crate) struct Plain {
    engine: Engine,
    pre: PeerPre<Cipher>,
    warm: (Store<Cipher>, Exports),
    input: Vec<u8>,
    output: Vec<u8>,
}

impl PeerImports for Cipher {
    fn host_seal(&mut self, plain: Vec<u8>) -> Vec<u8> {
        self.seal(&plain)
    }

    fn host_open(&mut self, sealed: Vec<u8>) -> Vec<u8> {
        self.open(&sealed)
    }
}

impl Plain {
    pub(crate) fn load(folder: &Path) -> Self {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(4)
            .total_core_instances(16)
            .total_memories(4)
            .total_tables(16);
        let engine = Engine::new(Config::new().allocation_strategy(pool)).expect("an engine");
        let file = folder.join("peers_guest_component.wasm");
        let component = Component::from_file(&engine, file).expect("the component of the peers");
        let mut linker = Linker::new(&engine);
        Exports::add_to_linker::<_, HasSelf<_>>(&mut linker, |cipher| cipher).expect("links");
        let pre = PeerPre::new(linker.instantiate_pre(&component).expect("links")).expect("a peer");
        let warm = start(&engine, &pre);
        Self { engine, pre, warm, input: Vec::new(), output: Vec::new() }
    }
}

fn start(engine: &Engine, pre: &PeerPre<Cipher>) -> (Store<Cipher>, Exports) {
    let mut store = Store::new(engine, Cipher::new());
    let exports = pre.instantiate(&mut store).expect("starts");
    (store, exports)
}

fn call(
    (store, exports): &mut (Store<Cipher>, Exports),
    operation: Operation,
    input: &[u8],
) -> Vec<u8> {
    let output = match operation {
        Operation::Compress => exports.call_compress(store, input),
        Operation::Decompress => exports.call_decompress(store, input),
        Operation::Open => exports.call_open(store, input),
        Operation::Seal => exports.call_seal(store, input),
    };
    output.expect("returns")
}

impl Peer for Plain {
    fn set_input(&mut self, input: Vec<u8>) {
        self.input = input;
    }

    fn run(&mut self, way: Way, operation: Operation, count: usize) -> Duration {
        let begin = Instant::now();
        for _ in 0..count {
            self.output = match way {
                Way::Warm => call(&mut self.warm, operation, &self.input),
                Way::Fresh => call(&mut start(&self.engine, &self.pre), operation, &self.input),
            };
        }
        begin.elapsed()
    }

    fn output(&mut self) -> Vec<u8> {
        self.output.clone()
    }
}
