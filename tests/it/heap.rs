//! Memory that a bundled plugin starts with: a small payload needs no more.

use std::sync::{Arc, Mutex};

use cloakroom::{
    Codec as _,
    codec::Encoded,
    keys::{KeyMaterial, Ring},
    plugin::{Grants, Host, Reuse, Settings, Source, Trace, TraceEvent},
};
use cloakroom_tests::{compile_cache, ctx, plain};
use wasmparser::{Parser, Payload};

const PAGE: u64 = 64 << 10;

/// Returns the bytes of linear memory that an instance of a component starts with.
fn first_memory(component: &[u8]) -> u64 {
    let mut pages = 0;
    for part in Parser::new(0).parse_all(component) {
        if let Payload::MemorySection(memories) = part.unwrap() {
            pages += memories.into_iter().map(|memory| memory.unwrap().initial).sum::<u64>();
        }
    }
    pages * PAGE
}

/// Growing the memory of a fresh instance, and taking that back after the call, takes two system calls.
#[tokio::test]
async fn a_small_payload_needs_no_more_memory_than_its_plugin_starts_with() {
    for name in ["aes-gcm", "chacha20-poly1305", "snappy"] {
        let memory = Arc::new(Mutex::new(0));
        let seen = memory.clone();
        let trace = Trace::new(move |event| {
            if let TraceEvent::End { memory } = event {
                *seen.lock().unwrap() = memory;
            }
        });
        let ring = Arc::new(Ring::single("a", &KeyMaterial::new([7; 32])).unwrap());
        let grants = Grants::none().with_keys("main", ring.clone()).with_subkeys("main", ring);
        let wasm = cloakroom_bundle::find(name).unwrap().wasm;
        let host = Host::builder().with_cache(compile_cache()).build().unwrap();
        let plugin = host.load(Source::bytes(name, wasm), grants.with_trace(trace)).await.unwrap();
        let settings = match name {
            "snappy" => Settings::none(),
            _ => Settings::none().with_setting("ring", "main"),
        };
        let codec = plugin.codec(settings, Reuse::Fresh).await.unwrap();
        let encoded = codec.encode(&ctx(), &plain(vec![b'a'; 1 << 10])).await.unwrap();
        assert!(matches!(encoded, Encoded::Changed(_)), "{name}");
        assert_eq!(*memory.lock().unwrap(), first_memory(wasm), "{name}");
    }
}
