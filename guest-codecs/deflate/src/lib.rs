//! The codec that gzip and zlib share: DEFLATE with a level, and a frame around it.

#[cfg(not(target_family = "wasm"))]
pub mod testing;

use std::{
    io::{self, BufRead, Read, Write},
    marker::PhantomData,
};

use cloakroom_guest::{Buffer, Codec, Context, Error, Purpose, Setting, Settings};
use flate2::Compression;

const LEVEL: Setting =
    Setting::integer("level", 0..=9, "compression level; 0 stores").with_default("6");

/// The frame around a DEFLATE stream.
pub trait Frame {
    /// The value of `metadata["encoding"]`.
    const ENCODINGS: &'static [&'static str];

    /// Writes `input` in one frame.
    ///
    /// # Errors
    /// Those of `input` and `output`.
    fn compress(input: impl Read, output: impl Write, level: Compression) -> io::Result<()>;

    /// Writes what the frame holds.
    ///
    /// # Errors
    /// If `input` is cut short or corrupt, or goes on after its end. What was written until then is to
    /// be discarded.
    fn decompress(input: impl BufRead, output: impl Write) -> io::Result<()>;
}

/// Compresses envelopes with DEFLATE, in constant memory.
pub struct Deflate<F> {
    level: Compression,
    frame: PhantomData<F>,
}

impl<F: Frame> Codec for Deflate<F> {
    const ENCODINGS: &'static [&'static str] = F::ENCODINGS;
    const PURPOSE: Purpose = Purpose::Compression;
    const SETTINGS: &'static [Setting] = &[LEVEL];

    fn configure(settings: &Settings) -> Result<Self, Error> {
        let level = Compression::new(settings.integer(&LEVEL)?);
        Ok(Self { level, frame: PhantomData })
    }

    fn encode(&self, _: &Context, envelope: Buffer) -> Result<Option<Buffer>, Error> {
        let data = envelope.transform(|input, output| F::compress(input, output, self.level))?;
        Ok(Some(data))
    }

    fn decode(&self, _: &Context, data: Buffer) -> Result<Buffer, Error> {
        data.transform(|input, output| F::decompress(input, output)).map_err(Error::malformed)
    }
}
