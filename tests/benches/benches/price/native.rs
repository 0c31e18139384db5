//! The same steps without a sandbox, as one would write them by hand: envelope, cipher or compressor,
//! new payload, and the allocations that go with it.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hmac, rand,
};
use bytes::{Bytes, BytesMut};
use cloakroom::Payload;

pub(crate) const KEY: [u8; 32] = *b"a key that every bench may know!";

/// Native step that encodes or decodes one payload.
pub(crate) type Step = Box<dyn FnMut(&Payload) -> Payload>;

pub(crate) struct Aes;
pub(crate) struct Sealed;
pub(crate) struct Zstd;
pub(crate) struct Both;

/// Returns a step that copies a payload and changes nothing.
pub(crate) fn clone() -> Step {
    Box::new(|payload| Payload { data: Bytes::copy_from_slice(&payload.data), ..payload.clone() })
}

fn key(bytes: &[u8]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes).expect("32 bytes"))
}

fn sealed(
    head: &[u8],
    key: &LessSafeKey,
    nonce: [u8; 12],
    envelope: &[&[u8]],
    aad: &[u8],
) -> Bytes {
    let length: usize = envelope.iter().map(|part| part.len()).sum();
    let mut out = BytesMut::with_capacity(head.len() + length + 16);
    out.extend_from_slice(head);
    for part in envelope {
        out.extend_from_slice(part);
    }
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(aad), &mut out[head.len()..])
        .expect("sealed");
    out.extend_from_slice(tag.as_ref());
    out.freeze()
}

fn parts(envelope: &cloakroom::codec::Envelope) -> [&[u8]; 3] {
    [&envelope.head, &envelope.body, &envelope.tail]
}

impl Aes {
    pub(crate) fn encode() -> Step {
        let key = key(&KEY);
        Box::new(move |payload| {
            let mut nonce = [0; 12];
            rand::fill(&mut nonce).expect("random");
            let data = sealed(&nonce, &key, nonce, &parts(&payload.envelope()), &[]);
            Payload::new("binary/encrypted", data).with_metadata("encryption-key-id", "bench")
        })
    }

    pub(crate) fn decode() -> Step {
        let key = key(&KEY);
        Box::new(move |payload| {
            let (nonce, body) = payload.data.split_at(12);
            let (ciphertext, tag) = body.split_at(body.len() - 16);
            let nonce = Nonce::try_assume_unique_for_key(nonce).expect("12 bytes");
            let mut plain = BytesMut::zeroed(ciphertext.len());
            key.open_separate_gather(nonce, Aad::empty(), ciphertext, tag, &mut plain)
                .expect("opens");
            Payload::from_envelope(plain.freeze()).expect("a payload")
        })
    }
}

impl Sealed {
    pub(crate) fn encode() -> Step {
        let salt = hmac::Key::new(hmac::HMAC_SHA256, b"cloakroom/box/1");
        let prk = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&salt, &KEY).as_ref());
        Box::new(move |payload| {
            let mut head = [0; 56];
            rand::fill(&mut head[..24]).expect("random");
            let first = hmac::sign(&prk, &[&head[..24], &[1]].concat());
            let second = hmac::sign(&prk, &[first.as_ref(), &head[..24], &[2]].concat());
            head[24..].copy_from_slice(second.as_ref());
            let mut aad = b"binary/sealed\x01\0\0\0\x05bench\x01\0\0\0\x05bench".to_vec();
            aad.shrink_to_fit();
            let envelope = payload.envelope();
            let data = sealed(&head, &key(first.as_ref()), [0; 12], &parts(&envelope), &aad);
            Payload::new("binary/sealed", data)
                .with_metadata("sealed-format", "1")
                .with_metadata("sealed-key", "bench")
                .with_metadata("sealed-namespace", "bench")
        })
    }
}

impl Zstd {
    pub(crate) fn encode() -> Step {
        let mut zstd = zstd::bulk::Compressor::new(1).expect("zstd");
        Box::new(move |payload| {
            let data = zstd.compress(&payload.envelope().to_bytes()).expect("compresses");
            Payload::new("binary/zstd", data)
        })
    }

    pub(crate) fn decode() -> Step {
        let mut zstd = zstd::bulk::Decompressor::new().expect("zstd");
        Box::new(move |payload| {
            let plain = zstd.decompress(&payload.data, 64 << 20).expect("decompresses");
            Payload::from_envelope(plain.into()).expect("a payload")
        })
    }
}

impl Both {
    pub(crate) fn encode() -> Step {
        let (mut zstd, mut aes) = (Zstd::encode(), Aes::encode());
        Box::new(move |payload| aes(&zstd(payload)))
    }

    pub(crate) fn decode() -> Step {
        let (mut zstd, mut aes) = (Zstd::decode(), Aes::decode());
        Box::new(move |payload| zstd(&aes(payload)))
    }
}
