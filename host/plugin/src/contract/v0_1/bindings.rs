//! Bindings that `wasmtime` generates from `wit/v0.1`.
#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "generated code"
)]

wasmtime::component::bindgen!({
    path: "wit/v0.1",
    world: "host-side",
    imports: {
        // These may process many bytes, and leave their caller's task first.
        "cloakroom:plugin/buffers.[method]buffer.read": async | trappable,
        "cloakroom:plugin/buffers.[method]buffer.sha256": async | trappable,
        "cloakroom:plugin/buffers.[method]writer.write": async | trappable,
        "cloakroom:plugin/buffers.[method]writer.append": async | trappable,
        "cloakroom:plugin/types.[constructor]payload": async | trappable,
        "cloakroom:plugin/types.[static]payload.from-envelope": async | trappable,
        "cloakroom:plugin/keys": async | trappable,
        // A key service may hold the key.
        "cloakroom:plugin/subkeys": async | trappable,
        // These wait for a store.
        "cloakroom:plugin/blobs.[method]bucket.put": async | trappable,
        "cloakroom:plugin/blobs.[method]bucket.get": async | trappable,
        "cloakroom:plugin/blobs.[method]bucket.size": async | trappable,
        "cloakroom:plugin/blobs.[method]bucket.remove": async | trappable,
        "cloakroom:plugin/blobs.[method]bucket.list": async | trappable,
        // This waits for a service.
        "cloakroom:plugin/http.[method]service.request": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: {
        "cloakroom:plugin/buffers.buffer": crate::instance::rope::Rope,
        "cloakroom:plugin/buffers.writer": crate::instance::resources::WriterResource,
        "cloakroom:plugin/blobs.bucket": crate::instance::resources::BucketResource,
        "cloakroom:plugin/http.service": crate::instance::resources::ServiceResource,
        "cloakroom:plugin/types.payload": crate::instance::resources::PayloadResource,
        "cloakroom:plugin/types.context": crate::instance::resources::ContextResource,
    },
});
