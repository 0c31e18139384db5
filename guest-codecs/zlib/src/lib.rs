//! `binary/zlib`: an envelope as a zlib stream, as Temporal's Go and Java SDKs write it.

mod stream;

use cloakroom_guest::{Buffer, Codec, Context, Error, Output, Purpose, settings};

/// Compresses envelopes with zlib.
pub struct Zlib;

impl Codec for Zlib {
    const ENCODINGS: &'static [&'static str] = &["binary/zlib"];
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

cloakroom_guest::export!(Zlib);
