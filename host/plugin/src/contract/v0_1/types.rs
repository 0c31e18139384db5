//! `types`: payloads and the call's context.

use cloakroom_core::{Metadata, Payload};
use wasmtime::component::Resource;

use super::bindings::cloakroom::plugin::types::{Error, Host, HostContext, HostPayload};
use crate::{
    fault::Fault,
    rope::Rope,
    state::{ContextMark, PayloadMark, State},
};

impl Host for State {}

impl HostPayload for State {
    fn new(
        &mut self,
        metadata: Vec<(String, Vec<u8>)>,
        data: Resource<Rope>,
    ) -> wasmtime::Result<Resource<PayloadMark>> {
        let given = metadata.len();
        let size = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.meter.output(size)?;
        let metadata: Metadata =
            metadata.into_iter().map(|(name, value)| (name, value.into())).collect();
        if metadata.len() != given {
            return Fault::Protocol("built a payload with two metadata entries of one name").trap();
        }
        let data = self.buffer(&data)?.clone().into_bytes();
        self.put_payload(Payload { metadata, data, ..Payload::default() })
    }

    fn from_envelope(
        &mut self,
        envelope: Resource<Rope>,
    ) -> wasmtime::Result<Result<Resource<PayloadMark>, Error>> {
        let bytes = self.buffer(&envelope)?.clone().into_bytes();
        match Payload::from_envelope(bytes) {
            Ok(payload) => self.put_payload(payload).map(Ok),
            Err(error) => Ok(Err(self.call.refuse(error))),
        }
    }

    fn envelope(&mut self, payload: Resource<PayloadMark>) -> wasmtime::Result<Resource<Rope>> {
        let envelope = self.payload(&payload)?.envelope();
        self.meter.output(envelope.head.len() + envelope.tail.len())?;
        self.put_buffer(envelope.into())
    }

    fn data(&mut self, payload: Resource<PayloadMark>) -> wasmtime::Result<Resource<Rope>> {
        let data = self.payload(&payload)?.data.clone();
        self.put_buffer(data.into())
    }

    fn metadata(
        &mut self,
        payload: Resource<PayloadMark>,
    ) -> wasmtime::Result<Vec<(String, Vec<u8>)>> {
        let metadata = &self.payload(&payload)?.metadata;
        Ok(metadata.iter().map(|(name, value)| (name.clone(), value.to_vec())).collect())
    }

    fn get(
        &mut self,
        payload: Resource<PayloadMark>,
        name: String,
    ) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(self.payload(&payload)?.metadata.get(&name).map(|value| value.to_vec()))
    }

    fn drop(&mut self, payload: Resource<PayloadMark>) -> wasmtime::Result<()> {
        self.discard(payload.rep())
    }
}

fn owned(text: Option<&str>) -> wasmtime::Result<Option<String>> {
    Ok(text.map(str::to_owned))
}

impl HostContext for State {
    fn namespace(&mut self, _: Resource<ContextMark>) -> wasmtime::Result<Option<String>> {
        owned(self.call.ctx.namespace_name())
    }

    fn kind(&mut self, _: Resource<ContextMark>) -> wasmtime::Result<Option<String>> {
        owned(self.call.ctx.kind().map(cloakroom_core::Kind::as_str))
    }

    fn id(&mut self, _: Resource<ContextMark>) -> wasmtime::Result<Option<String>> {
        owned(self.call.ctx.id())
    }

    fn type_name(&mut self, _: Resource<ContextMark>) -> wasmtime::Result<Option<String>> {
        owned(self.call.ctx.type_name())
    }

    fn run_id(&mut self, _: Resource<ContextMark>) -> wasmtime::Result<Option<String>> {
        owned(self.call.ctx.run_id())
    }

    fn time_left(&mut self, _: Resource<ContextMark>) -> wasmtime::Result<u64> {
        Ok(u64::try_from(self.call.clock.told().as_millis()).unwrap_or(u64::MAX))
    }

    fn drop(&mut self, _: Resource<ContextMark>) -> wasmtime::Result<()> {
        Ok(())
    }
}
