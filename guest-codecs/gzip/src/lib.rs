//! `binary/gzip`: an envelope as a gzip stream, as Temporal's Python samples write it.

mod stream;

use cloakroom_guest::{Buffer, Codec, Context, Error, Output, Purpose, settings};

/// Compresses envelopes with gzip.
pub struct Gzip;

impl Codec for Gzip {
    const ENCODINGS: &'static [&'static str] = &["binary/gzip"];
    const PURPOSE: Purpose = Purpose::Compression;
    const SETTINGS: &'static [&'static str] = &["level"];

    fn check() -> Result<(), Error> {
        level().map(drop)
    }

    fn seal(_: &Context, envelope: Buffer) -> Result<Option<Buffer>, Error> {
        let mut output = Output::new();
        stream::compress(envelope.reader(), &mut output, level()?)
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

fn level() -> Result<u32, Error> {
    settings::number("level", 0..=9, 6)
}

cloakroom_guest::export!(Gzip);
