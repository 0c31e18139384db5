//! Finds every payload in a raw gRPC message, and writes the message again around other payloads.
//!
//! The message is not decoded: [`scan`] walks its bytes with a [`Schema`], which is made from the
//! descriptors of Temporal's or Dapr's protos, and [`splice`] corrects the lengths around what was replaced.
//! All other bytes stay as they are: unknown fields, the order of fields, lengths in long form.
//!
//! In Temporal's messages, payloads are found in messages, maps, `Any`, serialised histories, and in the
//! JSON of a Nexus failure, where they are handed out as protobuf and written back as JSON. A payload that is itself
//! an envelope of the server's Nexus operations is one payload here.
//!
//! In Dapr's messages a payload is the text itself, without metadata: it is handed out without the
//! `StringValue` around it.
//!
//! Of a scalar field that occurs twice, the last one counts, to [`View`] as to every parser. A
//! singular message that occurs twice is refused: parsers merge the two into one that nobody scanned.
//!
//! ```
//! use bytes::Bytes;
//! use cloakroom_wire::{Schema, scan, splice};
//!
//! let path = "/temporal.api.workflowservice.v1.WorkflowService/SignalWorkflowExecution";
//! let method = Schema::temporal().method(path).unwrap();
//! // namespace = "shop", input = Payloads { payloads: [Payload { data: "hi" }] }
//! let message = Bytes::from_static(b"\x0a\x04shop\x22\x06\x0a\x04\x12\x02hi");
//! let found = scan(method.request, &message)?;
//! assert_eq!(found.root().text("namespace"), Some("shop"));
//! assert_eq!(found.payload(0), &b"\x12\x02hi"[..]);
//!
//! let sealed = Bytes::from_static(b"\x12\x06sealed");
//! let message = splice(&found, vec![Some(sealed)])?;
//! assert_eq!(message, &b"\x0a\x04shop\x22\x0a\x0a\x08\x12\x06sealed"[..]);
//! # Ok::<_, cloakroom_wire::WireError>(())
//! ```
//!
//! This crate reads no payload: it knows no pipeline, and depends on no other crate of Cloakroom.

mod edit;
mod error;
#[cfg(test)]
mod filled;
mod frame;
mod json;
mod json_failure;
mod json_payload;
mod limits;
mod reader;
mod scan;
mod scanner;
mod schema;
mod splice;
mod table;
mod varint;
mod view;

pub use self::{
    edit::set_number,
    error::{WireError, WireErrorKind},
    limits::ScanLimits,
    scan::{Scan, Site, Span, SpanId, UnknownField},
    scanner::{scan, scan_within},
    schema::{MessageType, Method, Schema},
    splice::{Edit, apply, splice},
    view::{RawField, View},
};
