//! Version of WASI.

/// Version of WASI in the names of the linker's definitions.
pub(super) const VERSION: &str = "0.2.12";
