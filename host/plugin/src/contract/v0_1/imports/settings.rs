//! `settings`, the imported interface.

use crate::{
    contract::v0_1::bindings::cloakroom::plugin::settings::Host, instance::state::InstanceState,
};

impl Host for InstanceState {
    fn get(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        Ok(self.config.settings.get(&name).map(str::to_owned))
    }

    fn names(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(self.config.settings.names().map(str::to_owned).collect())
    }
}
