//! zstd frames (RFC 8878), streamed in bounded memory.

use std::io::{self, BufRead, Read, Write};

use structured_zstd::{
    decoding::{ContentChecksum, FrameDecoder, StreamingDecoder},
    encoding::{CompressionLevel, StreamingEncoder},
};

/// The largest window that a frame may ask for. The format allows 3.75 TiB, which no guest has: a
/// hostile frame would end the instance. Levels up to 19 of the reference ask for 8 MiB.
const WINDOW: u64 = 8 << 20;

const PIECE: usize = 64 << 10;

/// Writes `input`, which has `length` bytes, as one frame.
///
/// # Errors
/// Those of `input` and `output`.
pub(crate) fn compress(
    mut input: impl BufRead,
    length: u64,
    output: impl Write,
    level: i32,
) -> io::Result<()> {
    let mut encoder = StreamingEncoder::new(output, CompressionLevel::from_level(level));
    // The frame then names its length, and readers reserve that much once.
    encoder.set_pledged_content_size(length)?;
    loop {
        let piece = input.fill_buf()?;
        if piece.is_empty() {
            return encoder.finish().map(drop);
        }
        encoder.write_all(piece)?;
        let count = piece.len();
        input.consume(count);
    }
}

/// Writes the contents of all frames, in their order.
///
/// # Errors
/// If `input` is cut short or corrupt, or asks for too large a window. What was written until then is to
/// be discarded.
pub(crate) fn decompress(input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(WINDOW).map_err(io::Error::other)?;
    decoder.set_content_checksum(ContentChecksum::Verify);
    let mut decoder = StreamingDecoder::new_with_decoder(input, decoder);
    let mut piece = vec![0; PIECE];
    loop {
        match decoder.read(&mut piece)? {
            0 => return Ok(()),
            count => output.write_all(piece.get(..count).unwrap_or_default())?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> Vec<u8> {
        (0..90_000).flat_map(|line| format!("line {} of many\n", line % 700).into_bytes()).collect()
    }

    fn decompressed(frames: &[u8]) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        decompress(frames, &mut bytes).map(|()| bytes)
    }

    #[test]
    fn the_reference_reads_what_is_written() {
        for level in [1, 3, 9, 12] {
            let mut frame = Vec::new();
            compress(&*text(), text().len() as u64, &mut frame, level).unwrap();
            assert_eq!(zstd::decode_all(&*frame).unwrap(), text(), "level {level}");
        }
    }

    #[test]
    fn reads_what_the_reference_writes() {
        let mut encoder = zstd::Encoder::new(Vec::new(), 19).unwrap();
        encoder.include_checksum(true).unwrap();
        encoder.write_all(&text()).unwrap();
        let with_checksum = encoder.finish().unwrap();
        assert_eq!(decompressed(&with_checksum).unwrap(), text());
        let frames =
            [zstd::encode_all(&b"one "[..], 1).unwrap(), zstd::encode_all(&b"two"[..], 1).unwrap()];
        assert_eq!(decompressed(&frames.concat()).unwrap(), b"one two");
        assert_eq!(decompressed(&zstd::encode_all(&b""[..], 1).unwrap()).unwrap(), b"");
    }

    #[test]
    fn refuses_what_is_no_frame() {
        let frame = zstd::encode_all(&*text(), 3).unwrap();
        for cut in [frame.len() - 1, frame.len() / 2, 3] {
            assert!(decompressed(&frame[..cut]).is_err(), "cut at {cut}");
        }
        assert!(decompressed(&[&frame[..], b"garbage"].concat()).is_err());
        let mut damaged = frame.clone();
        damaged.truncate(frame.len() / 2);
        damaged.extend_from_slice(&frame);
        assert!(decompressed(&damaged).is_err());
    }

    #[test]
    fn refuses_a_window_that_a_guest_has_no_room_for() {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.window_log(27).unwrap();
        encoder.write_all(&vec![0; 200 << 20]).unwrap();
        assert!(decompressed(&encoder.finish().unwrap()).is_err());
    }
}
