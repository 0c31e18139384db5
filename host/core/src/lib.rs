//! Shared types and traits of Cloakroom: payloads, contexts, codecs, drivers, keys and errors.
//!
//! No WebAssembly, no executor and no serde: the sandbox is `cloakroom-plugin`, the order of stages is
//! `cloakroom-pipeline`, and `cloakroom` reads the configuration.

mod bucket;
mod call;
mod call_memory;
mod clean;
mod codec;
mod comparison;
mod context;
mod driver;
mod error;
mod error_kind;
mod fields;
mod keys;
mod limit;
mod line;
mod memory;
mod message;
mod object_scope;
mod payload;
mod process_charge;
mod protobuf;
mod remedy;
mod service;
mod site;
mod size;
mod thousands;
mod turns;

pub use self::{
    bucket::{Bucket, ObjectInfo, PutMode, PutOutcome},
    call::CallId,
    call_memory::{CallMemory, Charge},
    clean::clean,
    codec::{Codec, Description, Encoded, Purpose, is_of_temporal_proxy},
    comparison::Comparison,
    context::{Context, Kind},
    driver::{Claim, Driver, Object},
    error::Error,
    error_kind::{Blame, ErrorKind},
    keys::{
        CLAIM_PURPOSE, DataKey, Key, KeyContext, KeyError, KeyFailure, KeyLookup, KeyRing,
        KeyService, KeyServiceError, KeyUse, MAX_WRAPPED, PAGE_PURPOSE, PROXY_KEY, SERVICE_KEY,
        key_label,
    },
    limit::Limit,
    line::Line,
    memory::MemoryBudget,
    message::Message,
    object_scope::ObjectScope,
    payload::{ENCODING, ENTRIES, Metadata, Payload},
    process_charge::ProcessCharge,
    protobuf::Envelope,
    remedy::Remedy,
    service::{Service, ServiceRequest, ServiceResponse, is_reserved_header, is_same_header},
    site::Direction,
    size::{ByteSize, ByteSizeError},
    thousands::Thousands,
    turns::{Turn, Turns},
};
