//! zstd frames whole in memory, which is faster for small ones: nothing is copied into a window.
//!
//! What was allocated is kept for the next call of a warm instance.

use std::{cell::Cell, io};

use structured_zstd::{
    decoding::{
        ContentChecksum, FrameContentSize, FrameDecoder, find_frame_compressed_size,
        read_frame_content_size,
    },
    encoding::{CompressionLevel, FrameCompressor},
};

/// Bodies up to this size are held whole, compressed and not. Beyond it the pages that a fresh instance
/// touches cost more than the window saves.
pub(crate) const MOST: u64 = 1 << 20;

thread_local! {
    static COMPRESSOR: Cell<Option<(i32, FrameCompressor)>> = const { Cell::new(None) };
    static DECODER: Cell<Option<FrameDecoder>> = const { Cell::new(None) };
}

/// One frame of `bytes`.
pub(crate) fn compress(bytes: &[u8], level: i32) -> Vec<u8> {
    let kept = COMPRESSOR.take().filter(|(kept_for, _)| *kept_for == level);
    let (_, mut compressor) =
        kept.unwrap_or_else(|| (level, FrameCompressor::new(CompressionLevel::from_level(level))));
    let frame = compressor.compress_independent_frame(bytes);
    COMPRESSOR.set(Some((level, compressor)));
    frame
}

/// How many bytes a frame says it holds, if it is one frame and no more, and they are few enough to be
/// held whole.
pub(crate) fn length(frame: &[u8]) -> Option<usize> {
    find_frame_compressed_size(frame).ok().filter(|end| *end == frame.len())?;
    match read_frame_content_size(frame) {
        Ok(FrameContentSize::Known(length)) if length <= MOST => usize::try_from(length).ok(),
        _ => None,
    }
}

/// What a frame of `length` bytes holds.
///
/// # Errors
/// When `frame` is cut short, corrupt, or holds more or less than it says.
pub(crate) fn decompress(frame: &[u8], length: usize) -> io::Result<Vec<u8>> {
    let mut decoder = DECODER.take().unwrap_or_default();
    decoder.set_content_checksum(ContentChecksum::Verify);
    let mut bytes = vec![0; length];
    // A decoder that failed is dropped: nobody says what state it is in.
    let written = decoder.decode_all(frame, &mut bytes).map_err(io::Error::other)?;
    DECODER.set(Some(decoder));
    if written != length {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a zstd frame of another length"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text() -> Vec<u8> {
        (0..9_000).flat_map(|line| format!("line {} of many\n", line % 700).into_bytes()).collect()
    }

    fn decompressed(frame: &[u8]) -> io::Result<Vec<u8>> {
        decompress(frame, length(frame).expect("a length"))
    }

    #[test]
    fn the_reference_reads_what_is_written_at_every_level() {
        for level in 1..=12 {
            let frame = compress(&text(), level);
            assert_eq!(zstd::decode_all(&*frame).unwrap(), text(), "level {level}");
        }
    }

    #[test]
    fn reads_what_the_reference_writes() {
        for bytes in [text(), vec![], vec![7], vec![0; 1 << 19]] {
            let frame = zstd::bulk::compress(&bytes, 3).unwrap();
            assert_eq!(decompressed(&frame).unwrap(), bytes);
        }
    }

    #[test]
    fn nothing_of_one_call_is_in_the_next() {
        let alone = compress(b"second", 3);
        compress(&text(), 3);
        assert_eq!(compress(b"second", 3), alone);
    }

    #[test]
    fn refuses_what_is_no_frame() {
        let frame = zstd::bulk::compress(&text(), 3).unwrap();
        for cut in [frame.len() - 1, frame.len() / 2, 20, 3] {
            assert_eq!(length(&frame[..cut]), None, "cut at {cut}");
        }
        assert_eq!(length(&[&frame[..], b"garbage"].concat()), None);
        assert_eq!(length(&[&frame[..], &frame].concat()), None);
        assert!(decompress(&frame, text().len() - 1).is_err());
        assert!(decompress(&frame, text().len() + 1).is_err());
        assert_eq!(length(b""), None);
        assert_eq!(length(b"no frame at all"), None);
        // One that failed is not used again.
        assert_eq!(decompressed(&frame).unwrap(), text());
    }

    #[test]
    fn reserves_nothing_for_a_bomb() {
        let frame = zstd::bulk::compress(&vec![0; MOST as usize + 1], 3).unwrap();
        assert_eq!(length(&frame), None);
    }

    proptest! {
        #[test]
        fn round_trips(bytes: Vec<u8>) {
            prop_assert_eq!(decompressed(&compress(&bytes, 1)).unwrap(), bytes);
        }

        #[test]
        fn survives_nonsense(mut frame in Just(zstd::bulk::compress(&text(), 3).unwrap()), at in 0usize..400, byte: u8) {
            if let Some(place) = frame.get_mut(at) {
                *place = byte;
            }
            if let Some(length) = length(&frame) {
                let _ = decompress(&frame, length);
            }
        }
    }
}
