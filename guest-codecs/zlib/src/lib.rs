//! Codec for `binary/zlib`: envelopes as zlib streams, as Temporal's Go and Java SDKs write them.

mod stream;

use std::io::{self, BufRead, Read, Write};

use cloakroom_codec_deflate::{Deflate, Frame};
use flate2::Compression;

/// The codec.
pub type Zlib = Deflate<ZlibFrame>;

/// The frame of zlib.
pub struct ZlibFrame;

impl Frame for ZlibFrame {
    const ENCODINGS: &'static [&'static str] = &["binary/zlib"];

    fn compress(input: impl Read, output: impl Write, level: Compression) -> io::Result<()> {
        stream::compress(input, output, level)
    }

    fn decompress(input: impl BufRead, output: impl Write) -> io::Result<()> {
        stream::decompress(input, output)
    }
}

cloakroom_guest::export_codec!(Zlib);

#[cfg(test)]
mod tests;
