//! `settings`, the imported interface.

use crate::{
    contract::v0_1::bindings::cloakroom::plugin::settings::Host, instance::state::InstanceState,
};

impl Host for InstanceState {
    fn get(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        let mut call = self.host_call("settings.get", name.len());
        let value = self.config.settings.get(&name).map(str::to_owned);
        call.returns(value.as_ref().map_or(0, String::len));
        Ok(value)
    }

    fn names(&mut self) -> wasmtime::Result<Vec<String>> {
        let _call = self.host_call("settings.names", 0);
        Ok(self.config.settings.names().map(str::to_owned).collect())
    }
}
