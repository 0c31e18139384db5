//! `settings`, `log` and `random`: what every world may import.

use aws_lc_rs::rand;
use tracing::Level;

use crate::contract::v0_1::bindings::cloakroom::plugin::{
    log::{self, Level as GuestLevel},
    random, settings,
};
use crate::instance::{fault::Fault, state::State};

impl settings::Host for State {
    fn get(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        Ok(self.scope.settings.get(&name).map(str::to_owned))
    }

    fn names(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(self.scope.settings.names().map(str::to_owned).collect())
    }
}

impl log::Host for State {
    fn write(&mut self, level: GuestLevel, message: String) -> wasmtime::Result<()> {
        self.meter.log(message.len())?;
        let level = match level {
            GuestLevel::Trace => Level::TRACE,
            GuestLevel::Debug => Level::DEBUG,
            GuestLevel::Info => Level::INFO,
            GuestLevel::Warn => Level::WARN,
            GuestLevel::Error => Level::ERROR,
        };
        self.scope.speaker(self.call.confidential).say(level, &message);
        Ok(())
    }
}

/// What `random.draw` gives at most.
const MOST: u32 = 65_536;

impl random::Host for State {
    fn draw(&mut self, count: u32) -> wasmtime::Result<Vec<u8>> {
        if MOST < count {
            return Fault::Protocol("asked for more than 65,536 random bytes at once").trap();
        }
        self.meter.pass(count as usize)?;
        let mut bytes = vec![0; count as usize];
        match rand::fill(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(_) => Fault::Internal("the system gives no randomness".to_owned()).trap(),
        }
    }
}
