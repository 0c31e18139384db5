//! `secrets`, the imported interface: what the operator lets the plugin see.

use cloakroom_core::Remedy;

use super::not_granted::not_granted;
use crate::{
    contract::v0_1::bindings::cloakroom::plugin::{secrets::Host, types::Error},
    instance::state::InstanceState,
};

impl Host for InstanceState {
    fn get(&mut self, name: String) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        let mut call = self.host_call("secrets.get", name.len());
        let config = self.config.clone();
        let secrets = &config.grants.secrets;
        let Some(secret) = secrets.get(&name) else {
            call.ends("denied");
            let error = not_granted("secret", &name, secrets.names(), &config.settings);
            return Ok(Err(self.call.refuse(error.with_remedies(&[Remedy::GrantSecrets]))));
        };
        // Also while the plugin describes itself, when a guest may otherwise log.
        self.hide_words();
        let mut call = call.to(|| format!("`{name}`"));
        call.returns(secret.len());
        call.ends("ok");
        self.meter.reserve_in_transit(secret.len())?;
        Ok(Ok(secret.to_vec()))
    }
}
