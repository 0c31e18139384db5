//! A codec that writes envelopes backwards: the one of `host/docs/authors/README.md`.
//!
//! `cargo build --example reverse --release --target wasm32-wasip2` makes a plugin of it.

use cloakroom_guest::{Buffer, Codec, Context, Error, Settings, export_codec};

struct Reverse;

impl Codec for Reverse {
    const ENCODINGS: &'static [&'static str] = &["binary/reversed"];
    fn configure(_: &Settings) -> Result<Self, Error> {
        Ok(Self)
    }
    fn encode(&self, _: &Context, envelope: Buffer) -> Result<Option<Buffer>, Error> {
        Ok(Some(reversed(&envelope)))
    }
    fn decode(&self, _: &Context, data: Buffer) -> Result<Buffer, Error> {
        Ok(reversed(&data))
    }
}
fn reversed(buffer: &Buffer) -> Buffer {
    Buffer::new(&buffer.to_vec().into_iter().rev().collect::<Vec<_>>())
}
export_codec!(Reverse);

#[cfg(test)]
mod tests {
    use cloakroom_guest::{Target, testing};

    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let ctx = testing::context(Target::default());
        let codec = Reverse::load(&Settings::default()).unwrap();
        let encoded = codec.encode(&ctx, Buffer::new(b"coat")).unwrap().unwrap();
        assert_eq!(encoded.to_vec(), b"taoc");
        assert_eq!(codec.decode(&ctx, encoded).unwrap().to_vec(), b"coat");
    }

    #[test]
    fn misspelt_settings_are_refused() {
        assert!(Reverse::load(&Settings::from([("speed", "fast")])).is_err());
    }
}
