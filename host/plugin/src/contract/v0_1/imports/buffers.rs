//! `buffers`: buffers and writers.

use aws_lc_rs::digest;
use wasmtime::component::Resource;

use crate::contract::v0_1::bindings::cloakroom::plugin::buffers::{Host, HostBuffer, HostWriter};
use crate::{
    compute::long_work,
    instance::{
        rope::Rope,
        state::{State, WriterMark},
    },
};

impl Host for State {}

impl HostBuffer for State {
    fn new(&mut self, contents: Vec<u8>) -> wasmtime::Result<Resource<Rope>> {
        self.meter.output(contents.len())?;
        let hold = self.meter.hold(contents.capacity())?.into();
        self.put_buffer(Rope::piece(contents.into(), hold))
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
        let cut = self.buffer(&buffer)?.slice(offset, count.into());
        long_work::begin(cut.len(), &self.call.clock).await;
        self.meter.pass(cut.len())?;
        Ok(cut.to_vec())
    }

    fn slice(
        &mut self,
        buffer: Resource<Rope>,
        offset: u64,
        count: u64,
    ) -> wasmtime::Result<Resource<Rope>> {
        let cut = self.buffer(&buffer)?.slice(offset, count);
        self.put_buffer(cut)
    }

    async fn sha256(&mut self, buffer: Resource<Rope>) -> wasmtime::Result<Vec<u8>> {
        let rope = self.buffer(&buffer)?.clone();
        if let Some(known) = rope.sha256() {
            return Ok(known.to_vec());
        }
        long_work::begin(rope.len(), &self.call.clock).await;
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

impl HostWriter for State {
    fn new(&mut self) -> wasmtime::Result<Resource<WriterMark>> {
        self.put_writer()
    }

    async fn write(
        &mut self,
        writer: Resource<WriterMark>,
        contents: Vec<u8>,
    ) -> wasmtime::Result<()> {
        self.meter.output(contents.len())?;
        long_work::begin(contents.len(), &self.call.clock).await;
        let draft = self.writer(&writer)?;
        draft.reserve(contents.len())?;
        draft.push(&contents);
        Ok(())
    }

    async fn append(
        &mut self,
        writer: Resource<WriterMark>,
        contents: Resource<Rope>,
    ) -> wasmtime::Result<()> {
        let rope = self.buffer(&contents)?.clone();
        self.meter.output(rope.len())?;
        long_work::begin(rope.len(), &self.call.clock).await;
        let draft = self.writer(&writer)?;
        draft.reserve(rope.len())?;
        rope.parts().iter().for_each(|part| draft.push(part));
        Ok(())
    }

    fn finish(&mut self, writer: Resource<WriterMark>) -> wasmtime::Result<Resource<Rope>> {
        let written = self.take_writer(writer)?.finish();
        self.put_buffer(written)
    }

    fn drop(&mut self, writer: Resource<WriterMark>) -> wasmtime::Result<()> {
        self.discard(writer.rep())
    }
}
