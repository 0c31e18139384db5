//! Signatures of components: who vouches for which bytes, under which name and version.

pub(crate) mod key;
pub(crate) mod section;
pub(crate) mod set;
pub(crate) mod statement;
