//! Target of the compiler: an engine, and the name of everything that decides which engines can load its code.

use cloakroom_core::{Error, ErrorKind};
use wasmtime::Engine;

use super::{compile_cache::fingerprint, engine, processor::Processor};

/// Target of the compiler.
pub(crate) struct CodeTarget {
    pub(crate) engine: Engine,
    pub(crate) fingerprint: String,
    pub(crate) processor: Processor,
}

impl CodeTarget {
    /// Returns this machine as a target, with the engine that runs the code.
    pub(crate) fn this(engine: Engine) -> Self {
        let fingerprint = fingerprint(&engine);
        Self { engine, fingerprint, processor: Processor::This }
    }

    /// Returns a processor as a target, with an engine that runs nothing.
    ///
    /// # Errors
    /// `Config` if the processor has another architecture than this machine.
    pub(crate) fn of(processor: Processor) -> Result<Self, Error> {
        processor.check()?;
        let engine = engine::compiling(processor).map_err(|error| {
            let text = format!("cannot compile for `{processor}` here");
            Error::new(ErrorKind::Internal, text).with_source(error)
        })?;
        Ok(Self { processor, ..Self::this(engine) })
    }
}
