//! Pipeline of Cloakroom: codec stages in written order, then external storage. Decoding is the mirror.
//!
//! The pipeline does once what no codec and no driver should get wrong. It returns one result for each
//! payload in the same order, passes foreign payloads through, refuses unencrypted ones where encryption is
//! required, drops compression that does not pay, checks what a store returns before a codec sees it, and
//! bounds concurrency, memory and time.

mod admission;
mod budget;
mod builder;
mod decode;
mod decode_each;
mod encode;
mod envelopes;
mod explain;
mod follow_namespaces;
mod inner_payloads;
mod item;
mod labels;
pub mod metric;
mod namespaces;
mod offload;
mod open_envelopes;
mod open_references;
mod own_payloads;
mod part;
mod pass_references;
mod payload_limits;
mod pipeline;
mod pipeline_error;
mod printable;
mod reference;
mod remedy;
mod report_failure;
mod round_trip;
mod size_meter;
mod source;
mod stage;
mod tasks;
#[cfg(test)]
mod tests;
mod try_open;

// For adapters, whose metrics have labels that strangers choose.
#[doc(hidden)]
pub use self::labels::{BoundedLabels, OTHER, label};
pub use self::{
    budget::{Budget, Verdict},
    builder::PipelineBuilder,
    envelopes::{Close, EnvelopeError, Envelopes, OpenEnvelope, UnknownEnvelope},
    explain::{Explanation, Fetch, Layer, Stored},
    namespaces::{Mode, NamespaceRules},
    offload::{
        config::Offload,
        last_calls::{DriverState, LastCall},
        namespace_storage::NamespaceStorage,
        proofs::ClaimPolicy,
        room::Room,
        rules::{Rule, matches_pattern},
        store_probe::StoreProbe,
        verify::Verify,
    },
    pipeline::Pipeline,
    pipeline_error::PipelineError,
    reference::{PayloadKind, Reference, ReferenceFailure, ReferenceFormat, StoredObject},
    size_meter::{SizeLabels, SizeMeter, SizeMetrics},
    source::PipelineSource,
    stage::Stage,
};
