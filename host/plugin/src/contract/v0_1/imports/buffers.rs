//! `buffers`, the imported interface: buffers and writers.

use aws_lc_rs::digest;
use wasmtime::component::Resource;

use crate::{
    compute::large_work,
    contract::v0_1::bindings::cloakroom::plugin::buffers::{Host, HostBuffer, HostWriter},
    instance::{resources::WriterResource, rope::Rope, state::InstanceState},
};

impl Host for InstanceState {}

impl HostBuffer for InstanceState {
    fn new(&mut self, contents: Vec<u8>) -> wasmtime::Result<Resource<Rope>> {
        let _call = self.host_call("buffer.new", contents.len());
        self.meter.count_output(contents.len())?;
        let reservation = self.meter.reserve_piece(contents.capacity())?;
        self.put_buffer(Rope::piece(contents.into(), reservation))
    }

    fn length(&mut self, buffer: Resource<Rope>) -> wasmtime::Result<u64> {
        Ok(self.buffer(&buffer)?.len() as u64)
    }

    async fn read(
        &mut self,
        buffer: Resource<Rope>,
        offset: u64,
        count: u32,
    ) -> wasmtime::Result<Vec<u8>> {
        let mut call = self.host_call("buffer.read", 0);
        let range = self.buffer(&buffer)?.range(offset, count.into());
        call.returns(range.len());
        large_work::yield_before_processing(range.len(), &self.call.clock).await;
        self.meter.reserve_in_transit(range.len())?;
        Ok(self.buffer(&buffer)?.copy(range))
    }

    fn slice(
        &mut self,
        buffer: Resource<Rope>,
        offset: u64,
        count: u64,
    ) -> wasmtime::Result<Resource<Rope>> {
        let mut call = self.host_call("buffer.slice", 0);
        let rope = self.buffer(&buffer)?;
        let cut = rope.slice(rope.range(offset, count));
        call.returns(cut.len());
        self.put_buffer(cut)
    }

    async fn sha256(&mut self, buffer: Resource<Rope>) -> wasmtime::Result<Vec<u8>> {
        let rope = self.buffer(&buffer)?.clone();
        let mut call = self.host_call("buffer.sha256", rope.len());
        call.returns(digest::SHA256_OUTPUT_LEN);
        // The host hashed the object to store: a driver that names keys by content need not do it again.
        if let Some(known) = rope.sha256() {
            return Ok(known.to_vec());
        }
        large_work::yield_before_processing(rope.len(), &self.call.clock).await;
        Ok(sha256(&rope))
    }

    fn drop(&mut self, buffer: Resource<Rope>) -> wasmtime::Result<()> {
        self.discard(buffer.rep())
    }
}

fn sha256(rope: &Rope) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in rope.parts() {
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

impl HostWriter for InstanceState {
    fn new(&mut self) -> wasmtime::Result<Resource<WriterResource>> {
        let _call = self.host_call("writer.new", 0);
        self.put_writer()
    }

    async fn write(
        &mut self,
        writer: Resource<WriterResource>,
        contents: Vec<u8>,
    ) -> wasmtime::Result<()> {
        let _call = self.host_call("writer.write", contents.len());
        self.meter.count_output(contents.len())?;
        large_work::yield_before_processing(contents.len(), &self.call.clock).await;
        let target = self.writer(&writer)?;
        target.reserve(contents.len())?;
        target.push(&contents);
        Ok(())
    }

    async fn append(
        &mut self,
        writer: Resource<WriterResource>,
        contents: Resource<Rope>,
    ) -> wasmtime::Result<()> {
        let rope = self.buffer(&contents)?.clone();
        let _call = self.host_call("writer.append", rope.len());
        self.meter.count_output(rope.len())?;
        large_work::yield_before_processing(rope.len(), &self.call.clock).await;
        let target = self.writer(&writer)?;
        target.reserve(rope.len())?;
        rope.parts().iter().for_each(|part| target.push(part));
        Ok(())
    }

    fn finish(&mut self, writer: Resource<WriterResource>) -> wasmtime::Result<Resource<Rope>> {
        let mut call = self.host_call("writer.finish", 0);
        let written = self.take_writer(writer)?.finish();
        call.returns(written.len());
        self.put_buffer(written)
    }

    fn drop(&mut self, writer: Resource<WriterResource>) -> wasmtime::Result<()> {
        self.discard(writer.rep())
    }
}
