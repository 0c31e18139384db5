//! `binary/zstd`: an envelope as zstd frames.

mod stream;
mod whole;

use cloakroom_guest::{Buffer, Codec, Context, Error, Output, Purpose, settings};

/// Compresses envelopes with zstd.
pub struct Zstd;

impl Codec for Zstd {
    const ENCODINGS: &'static [&'static str] = &["binary/zstd"];
    const PURPOSE: Purpose = Purpose::Compression;
    const SETTINGS: &'static [&'static str] = &["level"];

    fn check() -> Result<(), Error> {
        level().map(drop)
    }

    fn seal(_: &Context, envelope: Buffer) -> Result<Option<Buffer>, Error> {
        let (level, length) = (level()?, envelope.length());
        if length <= whole::MOST {
            return Ok(Some(Buffer::new(&whole::compress(&envelope.to_vec(), level))));
        }
        let mut output = Output::new();
        stream::compress(envelope.reader(), length, &mut output, level)
            .map_err(|error| Error::Other(error.to_string()))?;
        Ok(Some(output.finish()))
    }

    fn open(_: &Context, sealed: Buffer) -> Result<Buffer, Error> {
        let malformed = |error: std::io::Error| Error::Malformed(error.to_string());
        if sealed.length() <= whole::MOST {
            let frame = sealed.to_vec();
            if let Some(length) = whole::length(&frame) {
                return Ok(Buffer::new(&whole::decompress(&frame, length).map_err(malformed)?));
            }
        }
        let mut output = Output::new();
        stream::decompress(sealed.reader(), &mut output).map_err(malformed)?;
        Ok(output.finish())
    }
}

/// Higher levels exist. Their tables are as large as a guest's memory, and they take seconds for what
/// these take a tenth of: a level that a large payload fails at should be refused when it is set.
fn level() -> Result<i32, Error> {
    settings::number("level", 1..=12, 3)
}

cloakroom_guest::export!(Zstd);
