//! Bindings that `wasmtime` generates from the text of WASI 0.2.12, for the interfaces that are ours.
//!
//! Types and resources of the others are those of `wasmtime-wasi`: its network, streams and pollables.
#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "generated code"
)]

wasmtime::component::bindgen!({
    path: "src/contract/wasi/sockets.wit",
    world: "cloakroom:host/client-sockets",
    imports: { default: trappable },
    require_store_data_send: true,
    with: {
        "wasi:clocks/monotonic-clock": wasmtime_wasi::p2::bindings::clocks::monotonic_clock,
        "wasi:io/error": wasmtime_wasi::p2::bindings::io::error,
        "wasi:io/poll": wasmtime_wasi::p2::bindings::io::poll,
        "wasi:io/streams": wasmtime_wasi::p2::bindings::io::streams,
        "wasi:sockets/network": wasmtime_wasi::p2::bindings::sockets::network,
        "wasi:sockets/tcp.tcp-socket": crate::instance::sockets::socket::ClientSocket,
        "wasi:sockets/ip-name-lookup.resolve-address-stream": super::lookup::Answer,
    },
});
