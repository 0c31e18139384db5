//! `binary/snappy`: an envelope in snappy's block format, as Temporal's Go samples write it.

mod block;
mod malformed;
mod window;

use cloakroom_guest::{Buffer, Codec, Context, Error, Output, Purpose};

/// Compresses envelopes with snappy.
pub struct Snappy;

impl Codec for Snappy {
    const ENCODINGS: &'static [&'static str] = &["binary/snappy"];
    const PURPOSE: Purpose = Purpose::Compression;

    fn seal(_: &Context, envelope: Buffer) -> Result<Option<Buffer>, Error> {
        let mut output = Output::new();
        block::compress(envelope.reader(), envelope.length(), &mut output)
            .map_err(|error| Error::Other(error.to_string()))?;
        Ok(Some(output.finish()))
    }

    fn open(_: &Context, sealed: Buffer) -> Result<Buffer, Error> {
        let mut output = Output::new();
        block::decompress(sealed.reader(), &mut output)
            .map_err(|error| Error::Malformed(error.to_string()))?;
        Ok(output.finish())
    }
}

cloakroom_guest::export!(Snappy);
