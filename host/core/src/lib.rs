//! Cloakroom's words: what is carried, who carries it, and what may go wrong.
//!
//! Types and traits only. There is no WebAssembly here, no executor and no serde: the sandbox is
//! `cloakroom-plugin`, the order of stages is `cloakroom-pipeline`, and configuration is read by
//! the front door, `cloakroom`.

mod bucket;
mod call;
mod call_memory;
mod codec;
mod comparison;
mod context;
mod driver;
mod error;
mod fields;
mod keys;
mod limit;
mod line;
mod memory;
mod message;
mod payload;
mod process_charge;
mod protobuf;
mod report;
mod site;
mod size;
mod thousands;
mod turns;

pub use self::{
    bucket::{Bucket, ObjectInfo, PutMode, PutOutcome},
    call::CallId,
    call_memory::{CallMemory, Charge},
    codec::{Codec, Description, Encoded, Purpose},
    comparison::Comparison,
    context::{Context, Kind},
    driver::{Claim, Driver, Object},
    error::{Blame, Error, ErrorKind},
    keys::{CLAIM_PURPOSE, Key, KeyError, KeyRing},
    limit::Limit,
    line::Line,
    memory::MemoryBudget,
    message::Message,
    payload::{ENCODING, ENTRIES, Metadata, Payload},
    process_charge::ProcessCharge,
    protobuf::Envelope,
    report::clean,
    site::Direction,
    size::{ByteSize, ByteSizeError},
    thousands::Thousands,
    turns::{Turn, Turns},
};
