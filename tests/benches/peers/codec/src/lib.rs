//! The compressor of the peers: that of Cloakroom's plugin `zstd`, from the plugin's own sources.

#[path = "../../../../../guest-codecs/zstd/src/stream.rs"]
mod stream;
#[path = "../../../../../guest-codecs/zstd/src/whole.rs"]
mod whole;

use crate::whole::WholeFrames;

/// Level of compression, as in the benchmark of Cloakroom.
const LEVEL: i32 = 1;

/// Compressor that keeps its tables for the next call, if its instance is kept.
#[derive(Default)]
pub struct Zstd(WholeFrames);

impl Zstd {
    /// Compresses bytes to one frame, small ones at once and large ones piece by piece, as the plugin does.
    pub fn compress(&self, bytes: &[u8]) -> Vec<u8> {
        if bytes.len() as u64 <= whole::MOST {
            return self.0.compress(bytes, LEVEL);
        }
        let mut frame = Vec::new();
        stream::compress(bytes, bytes.len() as u64, &mut frame, LEVEL).expect("compresses");
        frame
    }

    /// Returns what a frame holds.
    pub fn decompress(&self, frame: &[u8]) -> Vec<u8> {
        if let Some(length) = whole::length(frame) {
            return self.0.decompress(frame, length).expect("decompresses");
        }
        let mut bytes = Vec::new();
        stream::decompress(frame, &mut bytes).expect("decompresses");
        bytes
    }
}
