//! The size of pieces.

/// Bytes that cross between host and plugin at once: enough that crossing costs little, few enough that
/// a fresh instance touches little memory.
pub const CHUNK: usize = 64 << 10;
