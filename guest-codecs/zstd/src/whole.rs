//! zstd frames whole in memory, which is faster for small ones: nothing is copied into a window.

use std::{cell::Cell, io};

use structured_zstd::{
    decoding::{
        ContentChecksum, FrameContentSize, FrameDecoder, find_frame_compressed_size,
        read_frame_content_size,
    },
    encoding::{CompressionLevel, FrameCompressor},
};

/// The largest body that is held whole, compressed and not. For larger ones, the pages that a fresh
/// instance touches cost more than the window saves.
pub(crate) const MOST: u64 = 1 << 20;

/// A compressor and a decoder, kept for the next call.
#[derive(Default)]
pub(crate) struct WholeFrames {
    compressor: Cell<Option<FrameCompressor>>,
    decoder: Cell<Option<FrameDecoder>>,
}

impl WholeFrames {
    /// Compresses `bytes` to one frame. The level is the same in each call.
    pub(crate) fn compress(&self, bytes: &[u8], level: i32) -> Vec<u8> {
        let new = || FrameCompressor::new(CompressionLevel::from_level(level));
        let mut compressor = self.compressor.take().unwrap_or_else(new);
        let frame = compressor.compress_independent_frame(bytes);
        self.compressor.set(Some(compressor));
        frame
    }

    /// Returns the `length` bytes that a frame holds.
    ///
    /// # Errors
    /// If `frame` is cut short, corrupt, or holds more or less than it says.
    pub(crate) fn decompress(&self, frame: &[u8], length: usize) -> io::Result<Vec<u8>> {
        let mut decoder = self.decoder.take().unwrap_or_default();
        decoder.set_content_checksum(ContentChecksum::Verify);
        let mut bytes = vec![0; length];
        // A decoder that failed is dropped: its state is not specified.
        let written = decoder.decode_all(frame, &mut bytes).map_err(io::Error::other)?;
        self.decoder.set(Some(decoder));
        if written != length {
            let text = "a zstd frame of another length";
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok(bytes)
    }
}

/// Returns the number of bytes that a frame says it holds, if it is one frame and no more, and small
/// enough to be held whole.
pub(crate) fn length(frame: &[u8]) -> Option<usize> {
    find_frame_compressed_size(frame).ok().filter(|end| *end == frame.len())?;
    match read_frame_content_size(frame) {
        Ok(FrameContentSize::Known(length)) if length <= MOST => usize::try_from(length).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text() -> Vec<u8> {
        (0..9_000).flat_map(|line| format!("line {} of many\n", line % 700).into_bytes()).collect()
    }

    fn compress(bytes: &[u8], level: i32) -> Vec<u8> {
        WholeFrames::default().compress(bytes, level)
    }

    fn decompress(frame: &[u8], length: usize) -> io::Result<Vec<u8>> {
        WholeFrames::default().decompress(frame, length)
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
        let whole = WholeFrames::default();
        let alone = compress(b"second", 3);
        whole.compress(&text(), 3);
        assert_eq!(whole.compress(b"second", 3), alone);
    }

    #[test]
    fn refuses_what_is_no_frame() {
        let frame = zstd::bulk::compress(&text(), 3).unwrap();
        for cut in [frame.len() - 1, frame.len() / 2, 20, 3] {
            assert_eq!(length(&frame[..cut]), None, "cut at {cut}");
        }
        assert_eq!(length(&[&frame[..], b"garbage"].concat()), None);
        assert_eq!(length(&[&frame[..], &frame].concat()), None);
        let whole = WholeFrames::default();
        assert!(whole.decompress(&frame, text().len() - 1).is_err());
        assert!(whole.decompress(&frame, text().len() + 1).is_err());
        assert_eq!(length(b""), None);
        assert_eq!(length(b"no frame at all"), None);
        // One that failed is not used again.
        assert_eq!(whole.decompress(&frame, text().len()).unwrap(), text());
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
