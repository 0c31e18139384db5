//! Runtime of one host: everything that its plugins share while they run.

use std::sync::Arc;

use cloakroom_core::{Error, ErrorKind, MemoryBudget};
use wasmtime::Engine;

use crate::{
    compute::{Compute, ticker::EpochTicker},
    limits::{Limits, own::PluginLimits},
    pool::warm_capacity::WarmCapacity,
    remedy::RemedyNames,
};

/// Runtime of one host: limits, memory budget, scheduler and warm instances. A plugin keeps it alive, also after its host is
/// dropped.
pub(crate) struct Runtime {
    pub(crate) limits: Limits,
    /// The same, for plugins without limits of their own.
    pub(crate) plugin_limits: Arc<PluginLimits>,
    /// Budget of the memory that the host holds for all calls.
    pub(crate) memory: MemoryBudget,
    pub(crate) compute: Compute,
    pub(crate) warm: WarmCapacity,
    /// Names of settings in the errors of its plugins.
    pub(crate) remedy_name: RemedyNames,
}

impl Runtime {
    /// Starts the thread that interrupts guests. Compute threads start when they are needed.
    ///
    /// # Errors
    /// `Internal` if the system gives no thread.
    pub(crate) fn start(
        engine: &Engine,
        limits: Limits,
        remedy_name: RemedyNames,
    ) -> Result<Self, Error> {
        let ticker = EpochTicker::start(engine).map_err(|error| {
            Error::new(ErrorKind::Internal, "cannot start a thread").with_source(error)
        })?;
        let compute = Compute::new(ticker, &limits);
        let warm = WarmCapacity::new(limits.instances.get(), limits.process_bytes);
        let memory = MemoryBudget::new(limits.call_bytes, limits.process_bytes);
        let plugin_limits = Arc::new(limits.clone().into());
        Ok(Self { limits, plugin_limits, memory, compute, warm, remedy_name })
    }
}
