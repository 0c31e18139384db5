//! A codec that writes envelopes backwards: of no use, but its output shows that it ran.

use std::io::{self, Write as _};

use cloakroom_guest::{
    Buffer, BufferWriter, Codec, Context, Error, Setting, Settings, export_codec,
};

// The host refuses other values, and `cloakroom inspect` shows what is written here.
const LEAST: Setting =
    Setting::integer("least", 0..=1_000_000, "bytes from which a payload is reversed")
        .with_default("0");

/// The codec.
pub struct Reverse {
    least: u64,
}

impl Codec for Reverse {
    // The encoding is written into every payload, so choose a name that is yours.
    const ENCODINGS: &'static [&'static str] = &["binary/reversed"];

    // The host does not load the plugin with settings that are not named here.
    const SETTINGS: &'static [Setting] = &[LEAST];

    fn configure(settings: &Settings) -> Result<Self, Error> {
        log::debug!("reading settings");
        Ok(Self { least: settings.integer(&LEAST)? })
    }

    fn encode(&self, _: &Context, envelope: Buffer) -> Result<Option<Buffer>, Error> {
        // `None` leaves a payload as it is.
        if envelope.length() < self.least {
            return Ok(None);
        }
        Ok(Some(reverse(&envelope)?))
    }

    fn decode(&self, _: &Context, data: Buffer) -> Result<Buffer, Error> {
        Ok(reverse(&data)?)
    }
}

export_codec!(Reverse);

/// Reverses in pieces from the end, so that the plugin's memory stays small whatever the payload's size.
fn reverse(buffer: &Buffer) -> io::Result<Buffer> {
    const PIECE: u64 = 64 << 10;
    let mut output = BufferWriter::new();
    let mut end = buffer.length();
    while end > 0 {
        let start = end.saturating_sub(PIECE);
        let mut piece = buffer.read(start, (end - start) as u32);
        piece.reverse();
        output.write_all(&piece)?;
        end = start;
    }
    Ok(output.finish())
}

#[cfg(test)]
mod tests {
    use cloakroom_guest::{Target, testing};

    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let ctx = testing::context(Target::default());
        let codec = Reverse::load(&Settings::from([("least", "3")])).unwrap();
        let encoded = codec.encode(&ctx, Buffer::new(b"coat")).unwrap().unwrap();
        assert_eq!(encoded.to_vec(), b"taoc");
        assert_eq!(codec.decode(&ctx, encoded).unwrap().to_vec(), b"coat");
        assert!(codec.encode(&ctx, Buffer::new(b"hi")).unwrap().is_none());
    }
}
