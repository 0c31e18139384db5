//! `types`: payloads and the call's context.

use cloakroom_core::{ErrorKind, Limit, Message, Metadata, Payload};
use wasmtime::component::Resource;

use crate::contract::v0_1::bindings::cloakroom::plugin::types::{
    Error, Host, HostContext, HostPayload,
};
use crate::{
    compute::long_work,
    instance::{
        fault::Fault,
        handles::HeldPayload,
        rope::Rope,
        state::{ContextMark, PayloadMark, State},
    },
};

/// Memory that an allocator and a list of the bindings add to an entry that is handed over.
const LISTED: usize = 96;

impl Host for State {}

impl HostPayload for State {
    async fn new(
        &mut self,
        metadata: Vec<(String, Vec<u8>)>,
        data: Resource<Rope>,
    ) -> wasmtime::Result<Resource<PayloadMark>> {
        let given = metadata.len();
        let size = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.meter.output(size)?;
        if given > self.scope.limits.entries.get() {
            return Fault::Limit(Limit::Entries).trap();
        }
        let own = self.meter.hold(Payload::cost_of(given, size))?.into();
        let metadata: Metadata =
            metadata.into_iter().map(|(name, value)| (name, value.into())).collect();
        if metadata.len() != given {
            return Fault::Protocol("built a payload with two metadata entries of one name").trap();
        }
        let (data, body) = self.join(&data).await?;
        let payload = Payload { metadata, data, ..Payload::default() };
        self.put_payload(HeldPayload::new(payload, body, own))
    }

    async fn from_envelope(
        &mut self,
        envelope: Resource<Rope>,
    ) -> wasmtime::Result<Result<Resource<PayloadMark>, Error>> {
        let (bytes, body) = self.join(&envelope).await?;
        long_work::begin(bytes.len(), &self.call.clock).await;
        let read = Message::measure(bytes, self.scope.limits.entries.get());
        let message = match read {
            Ok(message) => message,
            Err(error) if error.kind() == ErrorKind::Malformed => {
                return Ok(Err(self.call.refuse(error)));
            }
            Err(error) => return Fault::Refused(Some(error)).trap(),
        };
        let own = self.meter.hold(message.cost())?.into();
        match message.into_payload() {
            Ok(payload) => self.put_payload(HeldPayload::new(payload, body, own)).map(Ok),
            Err(error) => Ok(Err(self.call.refuse(error))),
        }
    }

    fn envelope(&mut self, payload: Resource<PayloadMark>) -> wasmtime::Result<Resource<Rope>> {
        let given = &self.payload(&payload)?.payload;
        let around = given.encoded_len() - given.data.len();
        self.meter.output(around)?;
        let own = self.meter.hold(around)?.into();
        let held = self.payload(&payload)?;
        let rope = Rope::envelope(held.payload.envelope(), own, held.body.clone());
        self.put_buffer(rope)
    }

    fn data(&mut self, payload: Resource<PayloadMark>) -> wasmtime::Result<Resource<Rope>> {
        let held = self.payload(&payload)?;
        let rope = Rope::piece(held.payload.data.clone(), held.body.clone());
        self.put_buffer(rope)
    }

    async fn metadata(
        &mut self,
        payload: Resource<PayloadMark>,
    ) -> wasmtime::Result<Vec<(String, Vec<u8>)>> {
        let metadata = &self.payload(&payload)?.payload.metadata;
        let lengths = metadata.iter().map(|(name, value)| name.len() + value.len() + LISTED);
        let size = lengths.sum();
        long_work::begin(size, &self.call.clock).await;
        self.meter.pass(size)?;
        let metadata = &self.payload(&payload)?.payload.metadata;
        Ok(metadata.iter().map(|(name, value)| (name.clone(), value.to_vec())).collect())
    }

    async fn get(
        &mut self,
        payload: Resource<PayloadMark>,
        name: String,
    ) -> wasmtime::Result<Option<Vec<u8>>> {
        let Some(value) = self.payload(&payload)?.payload.metadata.get(&name).cloned() else {
            return Ok(None);
        };
        long_work::begin(value.len(), &self.call.clock).await;
        self.meter.pass(value.len())?;
        Ok(Some(value.to_vec()))
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
