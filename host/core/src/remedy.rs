//! Settings that decide about an error.

/// Setting that can be changed so that the same call succeeds.
///
/// An error names it by this type, because only the code that configured a pipeline knows what it is
/// called there: a method of a builder, or a key of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Remedy {
    /// Date until which proofs of version 1 count.
    AcceptV1Claims,
    /// Whether the proof of a claim covers its namespace.
    BindClaims,
    /// Memory that one call may hold.
    CallBytes,
    /// Whether claims must carry a proof.
    Claims,
    /// Time that a call of a native codec may take.
    CodecTime,
    /// Drivers that external storage has.
    Drivers,
    /// Time that a driver may take for one object.
    DriverTime,
    /// Entries that one payload may have.
    Entries,
    /// Bytes of an object that is stored or read back.
    LargestObject,
    /// Bytes of one payload.
    LargestPayload,
    /// Payloads of one call.
    MostPayloads,
    /// Memory that all calls may hold together.
    ProcessBytes,
    /// Whether a stage lets unencrypted payloads pass while decoding.
    RequiredToEncode,
    /// Whether there is external storage.
    Storage,
    /// Time that a call waits for memory.
    Wait,
}
