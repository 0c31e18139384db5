//! Contract line 0.1: bindings generated from `wit/v0.1`, the host functions behind its imports, and
//! typed access to its exports.

pub(crate) mod bindings;
mod convert;
pub(crate) mod exports;
mod imports;
