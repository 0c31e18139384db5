//! Target that a guest is built for.

/// The target of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// `wasm32-unknown-unknown`: imports what the contract offers, and nothing of WASI.
    Bare,
    /// `wasm32-wasip2`: what the author of a plugin uses who follows Rust's own documentation.
    Wasip2,
}

impl Target {
    pub(super) fn triple(self) -> &'static str {
        match self {
            Self::Bare => "wasm32-unknown-unknown",
            Self::Wasip2 => "wasm32-wasip2",
        }
    }

    /// Returns the variable that names its linker to Cargo.
    ///
    /// It is set for each target: who builds may have another linker for its own WebAssembly.
    pub(super) fn linker_variable(self) -> &'static str {
        match self {
            Self::Bare => "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
            Self::Wasip2 => "CARGO_TARGET_WASM32_WASIP2_LINKER",
        }
    }
}
