//! Limits of a call.

/// Limit that a call may not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// Bytes that the host holds for one call of a pipeline.
    CallBytes,
    /// Metadata entries, or other entries, of one payload.
    Entries,
    /// Live handles of one call.
    Handles,
    /// Bytes that the host holds at once for one call of a plugin.
    Held,
    /// Bytes that one call may log.
    Log,
    /// Linear memory of one instance.
    Memory,
    /// Bytes that a workflow engine accepts.
    Message,
    /// Bytes that one call may return.
    Output,
    /// Bytes of one payload that goes in.
    Payload,
    /// Payloads of one batch.
    Payloads,
    /// Wall-clock time of one call.
    Time,
}
