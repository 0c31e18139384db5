//! `binary/zstd`: an envelope as zstd frames.

mod stream;

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
        let mut output = Output::new();
        stream::compress(envelope.reader(), envelope.length(), &mut output, level()?)
            .map_err(|error| Error::Other(error.to_string()))?;
        Ok(Some(output.finish()))
    }

    fn open(_: &Context, sealed: Buffer) -> Result<Buffer, Error> {
        let mut output = Output::new();
        stream::decompress(sealed.reader(), &mut output)
            .map_err(|error| Error::Malformed(error.to_string()))?;
        Ok(output.finish())
    }
}

fn level() -> Result<i32, Error> {
    settings::number("level", 1..=19, 3)
}

cloakroom_guest::export!(Zstd);
