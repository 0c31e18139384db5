//! `log`, the imported interface.

use tracing::Level;

use crate::{
    contract::v0_1::bindings::cloakroom::plugin::log::{Host, Level as WitLevel},
    instance::state::InstanceState,
};

impl Host for InstanceState {
    fn write(&mut self, level: WitLevel, message: String) -> wasmtime::Result<()> {
        self.meter.count_log(message.len())?;
        let level = match level {
            WitLevel::Trace => Level::TRACE,
            WitLevel::Debug => Level::DEBUG,
            WitLevel::Info => Level::INFO,
            WitLevel::Warn => Level::WARN,
            WitLevel::Error => Level::ERROR,
        };
        self.config.guest_log(self.call.confidential).write(level, &message);
        Ok(())
    }
}
