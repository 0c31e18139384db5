//! Contract line 0.1, as generated from `wit/v0.1`, and what stands behind its imports.

mod convert;
mod exports;
mod imports;

use cloakroom_core::{Error, ErrorKind, clean};

pub(crate) use self::exports::{Exports, LinkedPlugin};
use crate::Settings;

/// Says that a guest asked for what it was not granted. The name that it asked for is its own text,
/// and is shown only if the operator wrote it too.
fn not_granted<'a>(
    what: &str,
    name: &str,
    granted: impl Iterator<Item = &'a String>,
    settings: &Settings,
) -> Error {
    let is_written =
        settings.names().any(|setting| settings.get(setting).is_some_and(|value| value == name));
    let asked = if is_written {
        format!("{what} `{}` was not granted to this plugin", clean(name, 64))
    } else {
        format!("a {what} that it asked for was not granted to this plugin")
    };
    let granted: Vec<_> = granted.map(|name| format!("`{name}`")).collect();
    let text = match &*granted {
        [] => asked,
        names => format!("{asked}; granted: {}", names.join(", ")),
    };
    Error::new(ErrorKind::Denied, text)
}

/// What `wasmtime` makes of the contract.
#[allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "generated code"
)]
pub(crate) mod bindings {
    wasmtime::component::bindgen!({
        path: "wit/v0.1",
        world: "host-side",
        imports: {
            // Long ones leave their caller's task.
            "cloakroom:plugin/buffers.[method]buffer.read": async | trappable,
            "cloakroom:plugin/buffers.[method]buffer.sha256": async | trappable,
            "cloakroom:plugin/buffers.[method]writer.write": async | trappable,
            "cloakroom:plugin/buffers.[method]writer.append": async | trappable,
            "cloakroom:plugin/types.[constructor]payload": async | trappable,
            "cloakroom:plugin/types.[static]payload.from-envelope": async | trappable,
            "cloakroom:plugin/types.[method]payload.metadata": async | trappable,
            "cloakroom:plugin/types.[method]payload.get": async | trappable,
            "cloakroom:plugin/keys": async | trappable,
            // These wait for a store.
            "cloakroom:plugin/blobs.[method]bucket.put": async | trappable,
            "cloakroom:plugin/blobs.[method]bucket.get": async | trappable,
            "cloakroom:plugin/blobs.[method]bucket.size": async | trappable,
            "cloakroom:plugin/blobs.[method]bucket.remove": async | trappable,
            "cloakroom:plugin/blobs.[method]bucket.list": async | trappable,
            default: trappable,
        },
        exports: { default: async },
        with: {
            "cloakroom:plugin/buffers.buffer": crate::instance::rope::Rope,
            "cloakroom:plugin/buffers.writer": crate::instance::state::WriterMark,
            "cloakroom:plugin/blobs.bucket": crate::instance::state::BucketMark,
            "cloakroom:plugin/types.payload": crate::instance::state::PayloadMark,
            "cloakroom:plugin/types.context": crate::instance::state::ContextMark,
        },
    });
}
