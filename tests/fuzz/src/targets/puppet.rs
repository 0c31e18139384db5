//! Programs of host calls, in the sandbox and on a model of it.

use std::{collections::BTreeMap, num::NonZeroUsize, sync::OnceLock};

use bytes::Bytes;
use cloakroom::{
    ByteSize, Codec as _, ErrorKind, Payload,
    codec::Encoded,
    keys::Key,
    pipeline::MemoryBudget,
    plugin::{Grants, Limits, PluginCodec, Reuse, Settings, Source},
};
use cloakroom_puppet::{Calls, Metadata, run};
use cloakroom_tests::{PUPPET, ctx, host, ring};

use crate::promise::{self, wait};

/// Limits of what a call may hold: one within which most programs end, and one that ends many.
const HELD: [ByteSize; 2] = [ByteSize::mib(8), ByteSize::kib(64)];

/// Runs `data` as a program, on an instance that is used again by the next one. The sandbox gives
/// what the model gives, or a limit ends the call; the next call works either way. Meanwhile the
/// host holds no more than it may, and afterwards nothing.
pub(crate) fn puppet(data: &[u8]) {
    let given = Payload::new("json/plain", data.to_vec());
    let budget = MemoryBudget::new(ByteSize::mib(1024), ByteSize::mib(1024));
    let held = usize::from(data.first().is_some_and(|first| first & 0x80 != 0));
    let codec = &codecs()[held];
    match wait(codec.encode(&ctx().with_memory(budget.call()), &given)) {
        Ok(Encoded::Changed(answer)) => {
            assert!(*answer.data == *model(&given), "the host answers other than the model");
        }
        Ok(_) => panic!("the puppet always answers"),
        Err(error) => {
            promise::check(&error);
            assert!(matches!(error.kind(), ErrorKind::LimitExceeded(_)), "{}", error.report());
            let next = wait(codec.encode(&ctx(), &Payload::new("json/plain", vec![])));
            assert!(matches!(next, Ok(Encoded::Changed(_))), "the next call does not work");
        }
    }
    let (peak, most) = (budget.peak(), HELD[held].as_usize());
    assert!(peak <= most, "the host held {peak} bytes, and may hold {most}");
    assert_eq!(budget.used(), 0, "the host has not given back what it held");
}

fn codecs() -> &'static [PluginCodec; 2] {
    static CODECS: OnceLock<[PluginCodec; 2]> = OnceLock::new();
    CODECS.get_or_init(|| HELD.map(codec))
}

fn codec(held: ByteSize) -> PluginCodec {
    let limits = Limits {
        held,
        output: ByteSize::mib(2),
        handles: NonZeroUsize::new(24).expect("not zero"),
        ..Limits::default()
    };
    let (host, grants) = (host(limits), Grants::none().with_keys("puppet", ring()));
    wait(async {
        let plugin = host.load(Source::bytes("puppet", PUPPET), grants).await.expect("loads");
        plugin.codec(Settings::none(), Reuse::Warm).await.expect("a codec")
    })
}

fn model(given: &Payload) -> Vec<u8> {
    let buffers = vec![given.data.clone(), given.envelope().to_bytes()];
    run(&Model, &given.data, buffers)
}

/// The contract as its documentation has it, on plain bytes.
struct Model;

fn cut(buffer: &Bytes, offset: u64, count: u64) -> Bytes {
    let start = offset.min(buffer.len() as u64) as usize;
    let end = start + count.min((buffer.len() - start) as u64) as usize;
    buffer.slice(start..end)
}

impl Calls for Model {
    type Buffer = Bytes;
    type Writer = Vec<u8>;
    type Payload = Payload;

    fn buffer(&self, contents: &[u8]) -> Bytes {
        Bytes::copy_from_slice(contents)
    }

    fn length(&self, buffer: &Bytes) -> u64 {
        buffer.len() as u64
    }

    fn read(&self, buffer: &Bytes, offset: u64, count: u32) -> Vec<u8> {
        cut(buffer, offset, count.into()).to_vec()
    }

    fn slice(&self, buffer: &Bytes, offset: u64, count: u64) -> Bytes {
        cut(buffer, offset, count)
    }

    fn sha256(&self, buffer: &Bytes) -> Vec<u8> {
        hex::decode(cloakroom::plugin::Digest::sha256(buffer).hex()).expect("hexadecimal digits")
    }

    fn writer(&self) -> Vec<u8> {
        Vec::new()
    }

    fn write(&self, writer: &mut Vec<u8>, contents: &[u8]) {
        writer.extend_from_slice(contents);
    }

    fn append(&self, writer: &mut Vec<u8>, contents: &Bytes) {
        writer.extend_from_slice(contents);
    }

    fn finish(&self, writer: Vec<u8>) -> Bytes {
        writer.into()
    }

    fn payload(&self, metadata: &Metadata, data: &Bytes) -> Payload {
        let metadata: BTreeMap<_, _> =
            metadata.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        Payload { metadata, data: data.clone(), ..Payload::default() }
    }

    fn parse_envelope(&self, envelope: &Bytes) -> Option<Payload> {
        Payload::from_envelope(envelope.clone()).ok()
    }

    fn envelope(&self, payload: &Payload) -> Bytes {
        payload.envelope().to_bytes()
    }

    fn data(&self, payload: &Payload) -> Bytes {
        payload.data.clone()
    }

    fn metadata(&self, payload: &Payload) -> Metadata {
        payload.metadata.iter().map(|(name, value)| (name.clone(), value.to_vec())).collect()
    }

    fn get(&self, payload: &Payload, name: &str) -> Option<Vec<u8>> {
        payload.metadata.get(name).map(|value| value.to_vec())
    }

    fn seal(&self, plaintext: &Bytes, associated: &[u8]) -> Bytes {
        key().seal_repeatably(std::slice::from_ref(plaintext), associated).expect("seals")
    }

    fn open(&self, sealed: &Bytes, associated: &[u8]) -> Option<Bytes> {
        key().open(sealed.clone(), associated).ok()
    }
}

fn key() -> std::sync::Arc<dyn Key> {
    cloakroom_tests::key()
}
