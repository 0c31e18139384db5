//! `wasi:sockets/ip-name-lookup`: answered from the grants. No name server is asked.

use std::net::IpAddr;

use wasmtime::component::Resource;
use wasmtime_wasi::{
    WasiView as _,
    p2::{
        DynPollable, Network, Pollable,
        bindings::sockets::network::{ErrorCode, IpAddress},
        subscribe,
    },
};

use super::bindings::wasi::sockets::ip_name_lookup::{Host, HostResolveAddressStream};
use crate::instance::state::InstanceState;

/// Answer to a look-up: one address, until it is taken.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Answer(Option<IpAddr>);

type Outcome<T> = wasmtime::Result<Result<T, ErrorCode>>;

impl Host for InstanceState {
    fn resolve_addresses(
        &mut self,
        network: Resource<Network>,
        name: String,
    ) -> Outcome<Resource<Answer>> {
        let mut call = self.host_call("wasi:sockets.resolve", name.len());
        self.ctx().table.get(&network)?;
        match self.config.grants.tcp.look_up(&name) {
            Some(address) => {
                let mut call = call.to(|| format!("`{name}`"));
                call.ends("ok");
                Ok(Ok(self.ctx().table.push(Answer(Some(address)))?))
            }
            None => {
                call.ends("denied");
                Ok(Err(self.refuse_server(&name)))
            }
        }
    }
}

impl HostResolveAddressStream for InstanceState {
    fn resolve_next_address(&mut self, answer: Resource<Answer>) -> Outcome<Option<IpAddress>> {
        Ok(Ok(self.ctx().table.get_mut(&answer)?.0.take().map(Into::into)))
    }

    fn subscribe(&mut self, answer: Resource<Answer>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.ctx().table, answer)
    }

    fn drop(&mut self, answer: Resource<Answer>) -> wasmtime::Result<()> {
        self.ctx().table.delete(answer)?;
        Ok(())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Answer {
    async fn ready(&mut self) {}
}
