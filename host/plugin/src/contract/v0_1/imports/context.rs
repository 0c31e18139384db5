//! `types.context`: the call's context. There is one, so its handle has no number.

use cloakroom_core::Kind;
use wasmtime::component::Resource;

use crate::{
    contract::v0_1::bindings::cloakroom::plugin::types::HostContext,
    instance::{resources::ContextResource, state::InstanceState},
};

impl HostContext for InstanceState {
    fn namespace(&mut self, _: Resource<ContextResource>) -> wasmtime::Result<Option<String>> {
        owned(self.call.ctx.namespace_name())
    }

    fn kind(&mut self, _: Resource<ContextResource>) -> wasmtime::Result<Option<String>> {
        owned(self.call.ctx.kind().map(Kind::as_str))
    }

    fn id(&mut self, _: Resource<ContextResource>) -> wasmtime::Result<Option<String>> {
        owned(self.call.ctx.id())
    }

    fn type_name(&mut self, _: Resource<ContextResource>) -> wasmtime::Result<Option<String>> {
        owned(self.call.ctx.type_name())
    }

    fn run_id(&mut self, _: Resource<ContextResource>) -> wasmtime::Result<Option<String>> {
        owned(self.call.ctx.run_id())
    }

    fn time_left(&mut self, _: Resource<ContextResource>) -> wasmtime::Result<u64> {
        Ok(u64::try_from(self.call.clock.time_until_deadline().as_millis()).unwrap_or(u64::MAX))
    }

    fn drop(&mut self, _: Resource<ContextResource>) -> wasmtime::Result<()> {
        Ok(())
    }
}

fn owned(text: Option<&str>) -> wasmtime::Result<Option<String>> {
    Ok(text.map(str::to_owned))
}
