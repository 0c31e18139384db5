//! The guest: its host answers the calls.

use cloakroom_guest::{
    Buffer, Context, Description, Error, Payload, PayloadCodec, Purpose, Settings, Writer, keys,
};

use crate::{Calls, Metadata, run};

/// The key ring that it is granted.
const RING: &str = "puppet";

/// The puppet.
pub struct Puppet;

impl PayloadCodec for Puppet {
    fn configure(_: &Settings) -> Result<Self, Error> {
        Ok(Self)
    }

    fn describe(&self) -> Description {
        Description::new(["binary/puppet"], Purpose::Conversion)
    }

    fn encode(&self, _: &Context, payload: &Payload) -> Result<Option<Payload>, Error> {
        let program = payload.data().to_vec();
        let answer = run(&Host, &program, vec![payload.data(), payload.envelope()]);
        let metadata = [("encoding".to_owned(), b"binary/puppet".to_vec())];
        Ok(Some(Payload::new(&metadata, &Buffer::new(&answer))))
    }

    fn decode(&self, _: &Context, payload: &Payload) -> Result<Payload, Error> {
        Payload::from_envelope(&payload.data())
    }
}

cloakroom_guest::export_codec!(Puppet);

/// The host that runs the component.
struct Host;

impl Calls for Host {
    type Buffer = Buffer;
    type Writer = Writer;
    type Payload = Payload;

    fn buffer(&self, contents: &[u8]) -> Buffer {
        Buffer::new(contents)
    }

    fn length(&self, buffer: &Buffer) -> u64 {
        buffer.length()
    }

    fn read(&self, buffer: &Buffer, offset: u64, count: u32) -> Vec<u8> {
        buffer.read(offset, count)
    }

    fn slice(&self, buffer: &Buffer, offset: u64, count: u64) -> Buffer {
        buffer.slice(offset, count)
    }

    fn sha256(&self, buffer: &Buffer) -> Vec<u8> {
        buffer.sha256()
    }

    fn writer(&self) -> Writer {
        Writer::new()
    }

    fn write(&self, writer: &mut Writer, contents: &[u8]) {
        writer.write(contents);
    }

    fn append(&self, writer: &mut Writer, contents: &Buffer) {
        writer.append(contents);
    }

    fn finish(&self, writer: Writer) -> Buffer {
        Writer::finish(writer)
    }

    fn payload(&self, metadata: &Metadata, data: &Buffer) -> Payload {
        Payload::new(metadata, data)
    }

    fn parse_envelope(&self, envelope: &Buffer) -> Option<Payload> {
        Payload::from_envelope(envelope).ok()
    }

    fn envelope(&self, payload: &Payload) -> Buffer {
        payload.envelope()
    }

    fn data(&self, payload: &Payload) -> Buffer {
        payload.data()
    }

    fn metadata(&self, payload: &Payload) -> Metadata {
        payload.metadata()
    }

    fn get(&self, payload: &Payload, name: &str) -> Option<Vec<u8>> {
        payload.get(name)
    }

    fn seal(&self, plaintext: &Buffer, associated: &[u8]) -> Buffer {
        match keys::seal_repeatably(RING, plaintext, associated) {
            Ok(sealed) => sealed.data,
            Err(_) => Buffer::new(b"the ring does not seal"),
        }
    }

    fn open(&self, sealed: &Buffer, associated: &[u8]) -> Option<Buffer> {
        keys::open(RING, "test-key", sealed, associated).ok()
    }
}
