//! `types.payload`: payloads.

use cloakroom_core::{ErrorKind, Limit, Message, Metadata, Payload};
use wasmtime::component::Resource;

use crate::{
    compute::large_work,
    contract::v0_1::bindings::cloakroom::plugin::types::{Error, Host, HostPayload},
    instance::{
        fault::Fault, handle_table::HeldPayload, resources::PayloadResource, rope::Rope,
        state::InstanceState,
    },
};

/// Bytes that a list of the bindings and the allocator add to an entry of metadata.
const ENTRY_OVERHEAD: usize = 96;

impl Host for InstanceState {}

impl HostPayload for InstanceState {
    async fn new(
        &mut self,
        metadata: Vec<(String, Vec<u8>)>,
        data: Resource<Rope>,
    ) -> wasmtime::Result<Resource<PayloadResource>> {
        let given = metadata.len();
        let size = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
        let _call = self.host_call("payload.new", size);
        self.meter.count_output(size)?;
        large_work::yield_before_processing(size, &self.call.clock).await;
        if given > self.config.limits.entries.get() {
            return Fault::Limit(Limit::Entries).trap();
        }
        let own = self.meter.reserve_piece(Payload::cost_of(given, size))?;
        let mut map = Metadata::new();
        map.extend(metadata.into_iter().map(|(name, value)| (name, value.into())));
        // A map keeps one of two, and which one would depend on the reader.
        if map.len() != given {
            return Fault::Protocol("built a payload with two metadata entries of one name").trap();
        }
        let (data, body) = self.join(&data).await?;
        let payload = Payload { metadata: map, data, ..Payload::default() };
        self.put_payload(HeldPayload::new(payload, body, own).into())
    }

    async fn from_envelope(
        &mut self,
        envelope: Resource<Rope>,
    ) -> wasmtime::Result<Result<Resource<PayloadResource>, Error>> {
        let (bytes, body) = self.join(&envelope).await?;
        let _call = self.host_call("payload.from-envelope", bytes.len());
        large_work::yield_before_processing(bytes.len(), &self.call.clock).await;
        let read = Message::measure(bytes, self.config.limits.entries.get());
        let message = match read {
            Ok(message) => message,
            Err(error) if error.kind() == ErrorKind::Malformed => {
                return Ok(Err(self.call.refuse(error)));
            }
            Err(error) => return Fault::Refused(Some(error)).trap(),
        };
        let own = self.meter.reserve_piece(message.cost())?;
        match message.into_payload() {
            Ok(payload) => self.put_payload(HeldPayload::new(payload, body, own).into()).map(Ok),
            Err(error) => Ok(Err(self.call.refuse(error))),
        }
    }

    fn envelope(&mut self, payload: Resource<PayloadResource>) -> wasmtime::Result<Resource<Rope>> {
        let mut call = self.host_call("payload.envelope", 0);
        let given = &self.payload(&payload)?.payload;
        let length = given.encoded_len();
        call.returns(length);
        // The body is shared, so only the framing around it is new.
        let framing = length - given.data.len();
        self.meter.count_output(framing)?;
        let own = self.meter.reserve_piece(framing)?;
        let held = self.payload(&payload)?;
        let rope = Rope::envelope(held.payload.envelope(), own, held.body.clone());
        self.put_buffer(rope)
    }

    fn data(&mut self, payload: Resource<PayloadResource>) -> wasmtime::Result<Resource<Rope>> {
        let mut call = self.host_call("payload.data", 0);
        let held = self.payload(&payload)?;
        call.returns(held.payload.data.len());
        let rope = Rope::piece(held.payload.data.clone(), held.body.clone());
        self.put_buffer(rope)
    }

    // Not asynchronous, as `get` is not: a guest with much metadata at hand has left its caller's task.
    fn metadata(
        &mut self,
        payload: Resource<PayloadResource>,
    ) -> wasmtime::Result<Vec<(String, Vec<u8>)>> {
        let mut call = self.host_call("payload.metadata", 0);
        let metadata = &self.payload(&payload)?.payload.metadata;
        let lengths =
            metadata.iter().map(|(name, value)| name.len() + value.len() + ENTRY_OVERHEAD);
        let size = lengths.sum();
        call.returns(size);
        self.meter.reserve_in_transit(size)?;
        let metadata = &self.payload(&payload)?.payload.metadata;
        Ok(metadata.iter().map(|(name, value)| (name.clone(), value.to_vec())).collect())
    }

    fn get(
        &mut self,
        payload: Resource<PayloadResource>,
        name: String,
    ) -> wasmtime::Result<Option<Vec<u8>>> {
        let mut call = self.host_call("payload.get", name.len());
        let Some(value) = self.payload(&payload)?.payload.metadata.get(&name).cloned() else {
            return Ok(None);
        };
        call.returns(value.len());
        self.meter.reserve_in_transit(value.len())?;
        Ok(Some(value.to_vec()))
    }

    fn drop(&mut self, payload: Resource<PayloadResource>) -> wasmtime::Result<()> {
        self.discard(payload.rep())
    }
}
