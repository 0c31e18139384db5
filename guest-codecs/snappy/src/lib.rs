//! Codec for `binary/snappy`: envelopes in snappy's block format, as Temporal's Go samples write them.

mod block;
mod malformed;
mod window;

use cloakroom_guest::{Buffer, Codec, Context, Error, Purpose, Settings};

/// Compresses envelopes with snappy.
pub struct Snappy;

impl Codec for Snappy {
    const ENCODINGS: &'static [&'static str] = &["binary/snappy"];
    const PURPOSE: Purpose = Purpose::Compression;

    fn configure(_: &Settings) -> Result<Self, Error> {
        Ok(Self)
    }

    fn encode(&self, _: &Context, envelope: Buffer) -> Result<Option<Buffer>, Error> {
        let length = envelope.length();
        Ok(Some(envelope.transform(|input, output| block::compress(input, length, output))?))
    }

    fn decode(&self, _: &Context, data: Buffer) -> Result<Buffer, Error> {
        data.transform(|input, output| block::decompress(input, output)).map_err(Error::malformed)
    }
}

cloakroom_guest::export_codec!(Snappy);

#[cfg(test)]
mod tests;
