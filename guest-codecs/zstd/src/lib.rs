//! Codec for `binary/zstd`: envelopes as zstd frames.

mod stream;
mod whole;

use cloakroom_guest::{Buffer, Codec, Context, Error, Purpose, Setting, Settings};

use crate::whole::WholeFrames;

// Higher levels exist. Their tables are as large as a guest's memory, and they take ten times as long: a
// level that a large payload fails at is refused when it is set.
const LEVEL: Setting = Setting::integer(
    "level",
    1..=12,
    "compression level; higher levels need more memory than a plugin has",
)
.with_default("3");

/// Compresses envelopes with zstd.
pub struct Zstd {
    level: i32,
    whole: WholeFrames,
}

impl Codec for Zstd {
    const ENCODINGS: &'static [&'static str] = &["binary/zstd"];
    const PURPOSE: Purpose = Purpose::Compression;
    const SETTINGS: &'static [Setting] = &[LEVEL];

    fn configure(settings: &Settings) -> Result<Self, Error> {
        Ok(Self { level: settings.integer(&LEVEL)?, whole: WholeFrames::default() })
    }

    fn encode(&self, _: &Context, envelope: Buffer) -> Result<Option<Buffer>, Error> {
        let length = envelope.length();
        if length <= whole::MOST {
            let frame = self.whole.compress(&envelope.to_vec(), self.level);
            return Ok(Some(Buffer::new(&frame)));
        }
        let frames = envelope
            .transform(|input, output| stream::compress(input, length, output, self.level))?;
        Ok(Some(frames))
    }

    fn decode(&self, _: &Context, data: Buffer) -> Result<Buffer, Error> {
        if data.length() <= whole::MOST {
            let frame = data.to_vec();
            // Several frames, or one that does not say its length, are streamed.
            if let Some(length) = whole::length(&frame) {
                let bytes = self.whole.decompress(&frame, length).map_err(Error::malformed)?;
                return Ok(Buffer::new(&bytes));
            }
        }
        data.transform(|input, output| stream::decompress(input, output)).map_err(Error::malformed)
    }
}

cloakroom_guest::export_codec!(Zstd);

#[cfg(test)]
mod tests;
