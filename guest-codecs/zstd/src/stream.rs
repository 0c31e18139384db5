//! zstd frames (RFC 8878), in pieces and in bounded memory.

use std::io::{self, BufRead, Read, Write};

use structured_zstd::{
    decoding::{ContentChecksum, FrameDecoder, StreamingDecoder},
    encoding::{CompressionLevel, StreamingEncoder},
};

const MAX_WINDOW: u64 = 8 << 20;

pub(crate) fn compress(
    mut input: impl BufRead,
    length: u64,
    output: impl Write,
    level: i32,
) -> io::Result<()> {
    let mut encoder = StreamingEncoder::new(output, CompressionLevel::from_level(level));
    encoder.set_pledged_content_size(length)?;
    loop {
        let chunk = input.fill_buf()?;
        if chunk.is_empty() {
            break;
        }
        encoder.write_all(chunk)?;
        let count = chunk.len();
        input.consume(count);
    }
    encoder.finish().map(drop)
}

pub(crate) fn decompress(input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(MAX_WINDOW).map_err(io::Error::other)?;
    decoder.set_content_checksum(ContentChecksum::Verify);
    let mut decoder = StreamingDecoder::new_with_decoder(input, decoder);
    let mut chunk = vec![0; 64 << 10];
    loop {
        let count = decoder.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        output.write_all(chunk.get(..count).unwrap_or_default())?;
    }
}
