//! Inputs: the same for the same seed.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use cloakroom_core::{Context, Kind, Object, Payload};

/// Size of the pieces in which plugins read and write.
pub(crate) const CHUNK: usize = 64 << 10;

/// Generator of inputs: xorshift64*.
pub(crate) struct Sampler(u64);

impl Sampler {
    /// Returns the generator of one rule. Rules have their own, so that the inputs of one stay the same
    /// if it is tried alone.
    pub(crate) fn new(seed: u64, rule: &str) -> Self {
        // FNV-1a.
        let hash = rule.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        // Not zero, from which the generator never leaves.
        Self((hash ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Returns a number below `limit`, or 0 if that is 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let number = usize::try_from(self.next() >> 33).unwrap_or_default();
        number.checked_rem(limit).unwrap_or_default()
    }

    /// Returns bytes that do not compress.
    pub(crate) fn noise(&mut self, size: usize) -> Bytes {
        let mut bytes = Vec::with_capacity(size + 8);
        while bytes.len() < size {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(size);
        bytes.into()
    }

    /// Returns text that compresses as documents do, about 3 to 1.
    pub(crate) fn text(&mut self, size: usize) -> Bytes {
        const WORDS: [&str; 8] =
            ["invoice", "\"amount\":", "net", "total", "{\"box\":[", "],", "supplier", "payable"];
        let mut text = Vec::with_capacity(size + 32);
        while text.len() < size {
            let number = self.next();
            let word = WORDS.get(usize::from(number as u8 & 7)).unwrap_or(&"");
            text.extend_from_slice(word.as_bytes());
            text.extend_from_slice((number >> 48).to_string().as_bytes());
            text.push(b' ');
        }
        text.truncate(size);
        text.into()
    }
}

/// Returns the context of the calls of a suite.
pub(crate) fn context() -> Context {
    Context::namespace("conformance").with_target(Kind::Workflow, "order-17", "Charge", Some("run"))
}

/// Returns a payload with plain metadata.
pub(crate) fn plain(data: impl Into<Bytes>) -> Payload {
    Payload::new("binary/plain", data)
}

/// Returns a size for people.
pub(crate) fn bytes(size: usize) -> String {
    format!("{} bytes", cloakroom_core::Thousands(size as u64))
}

/// Returns text that compresses as documents do, about 3 to 1. The same in every run.
#[must_use]
pub fn sample_text(size: usize) -> Bytes {
    Sampler::new(crate::DEFAULT_SEED, "sample").text(size)
}

/// Returns a payload as the object that a driver stores.
#[must_use]
pub fn object(payload: &Payload) -> Object {
    let envelope = payload.envelope();
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest(&SHA256, &envelope.to_bytes()).as_ref());
    Object::new(envelope, sha256)
}
