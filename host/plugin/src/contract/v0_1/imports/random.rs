//! `random`, the imported interface.

use aws_lc_rs::rand;

use crate::{
    contract::v0_1::bindings::cloakroom::plugin::random::Host,
    instance::{fault::Fault, state::InstanceState},
};

/// Most bytes that `draw` returns.
const LIMIT: u32 = 65_536;

impl Host for InstanceState {
    fn draw(&mut self, count: u32) -> wasmtime::Result<Vec<u8>> {
        let mut call = self.host_call("random.draw", 0);
        if count > LIMIT {
            return Fault::Protocol("asked for more than 65,536 random bytes at once").trap();
        }
        self.meter.reserve_in_transit(count as usize)?;
        let mut bytes = vec![0; count as usize];
        match rand::fill(&mut bytes) {
            Ok(()) => {
                call.returns(bytes.len());
                Ok(bytes)
            }
            Err(_) => Fault::Internal("the system gives no randomness".to_owned()).trap(),
        }
    }
}
