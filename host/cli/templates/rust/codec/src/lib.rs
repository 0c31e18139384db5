//! A codec that writes payloads backwards. Replace `reverse` with your own transformation.

use std::io::{self, Write as _};

use cloakroom_guest::{Buffer, BufferWriter, Codec, Context, Error, Setting, Settings, export_codec};

/// The codec, as its settings make it.
struct Reverse {
    /// Smallest envelope that is encoded.
    least: u64,
}

impl Codec for Reverse {
    // It is written into every payload, and a history keeps it for years. Never reuse it for other bytes.
    const ENCODINGS: &'static [&'static str] = &["binary/{{name}}"];

    // The plugin is not loaded with other settings.
    const SETTINGS: &'static [Setting] = &[Setting::integer(
        "least",
        0..=1_000_000,
        "smallest envelope that is encoded, in bytes",
    )
    .with_default("0")];

    fn configure(settings: &Settings) -> Result<Self, Error> {
        Ok(Self { least: settings.number("least", 0..=1_000_000, 0)? })
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

/// Reverses in pieces from the end, so that memory stays small whatever the payload's size.
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
    }

    #[test]
    fn small_payloads_stay_as_they_are() {
        let ctx = testing::context(Target::default());
        let codec = Reverse::load(&Settings::from([("least", "3")])).unwrap();
        assert!(codec.encode(&ctx, Buffer::new(b"hi")).unwrap().is_none());
    }

    #[test]
    fn misspelt_settings_are_refused() {
        assert!(Reverse::load(&Settings::from([("lest", "3")])).is_err());
    }
}
