//! Codec for `binary/gzip`: envelopes as gzip streams, as Temporal's Python samples write them.

mod stream;

use std::io::{self, BufRead, Read, Write};

use cloakroom_codec_deflate::{Deflate, Frame};
use flate2::Compression;

/// The codec.
pub type Gzip = Deflate<GzipFrame>;

/// The frame of gzip.
pub struct GzipFrame;

impl Frame for GzipFrame {
    const ENCODINGS: &'static [&'static str] = &["binary/gzip"];

    fn compress(input: impl Read, output: impl Write, level: Compression) -> io::Result<()> {
        stream::compress(input, output, level)
    }

    fn decompress(input: impl BufRead, output: impl Write) -> io::Result<()> {
        stream::decompress(input, output)
    }
}

cloakroom_guest::export_codec!(Gzip);

#[cfg(test)]
mod tests;
