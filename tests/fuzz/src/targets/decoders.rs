//! The guests' decoders, compiled natively, against another implementation of each format: zlib and
//! zstd in C, and the crate `snap` for snappy.

use std::io::{self, Read as _, Write};

use super::zlib_ffi::{GZIP, ZLIB, decompress};

#[expect(dead_code, reason = "only decoders are fuzzed")]
#[path = "../../../../guest-codecs/gzip/src/stream.rs"]
mod gzip_code;

#[expect(dead_code, reason = "only decoders are fuzzed")]
#[path = "../../../../guest-codecs/zlib/src/stream.rs"]
mod zlib_code;

#[expect(dead_code, reason = "only decoders are fuzzed")]
mod snappy_code;

#[expect(dead_code, reason = "only decoders are fuzzed")]
mod zstd_code;

/// Larger outputs are not compared.
const MOST: usize = 1 << 20;

/// Takes at most [`MOST`] bytes.
#[derive(Default)]
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST {
            return Err(io::Error::other("larger than is compared"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `Some` with what our decoder writes, if it accepts `data` and that is not too large.
fn ours(decode: impl FnOnce(&mut Bounded) -> io::Result<()>) -> Option<Vec<u8>> {
    let mut out = Bounded::default();
    decode(&mut out).ok().map(|()| out.0)
}

/// gzip members, one behind the other.
pub(crate) fn gzip(data: &[u8]) {
    let ours = ours(|out| gzip_code::decompress(data, out));
    let (mut reference, mut rest) = (Some(Vec::new()), data);
    while let Some(out) = reference.as_mut().filter(|out| !rest.is_empty() || out.is_empty()) {
        let Some((member, length)) = decompress(rest, GZIP, MOST - out.len()) else {
            reference = None;
            break;
        };
        out.extend_from_slice(&member);
        rest = &rest[length..];
        if rest.is_empty() {
            break;
        }
    }
    assert!(ours == reference, "zlib reads another thing: {:?}", lengths(&ours, &reference));
}

/// One zlib stream and nothing behind it.
pub(crate) fn zlib(data: &[u8]) {
    let ours = ours(|out| zlib_code::decompress(data, out));
    let reference = decompress(data, ZLIB, MOST).filter(|(_, length)| *length == data.len());
    let reference = reference.map(|(out, _)| out);
    assert!(ours == reference, "zlib reads another thing: {:?}", lengths(&ours, &reference));
}

/// One snappy block.
pub(crate) fn snappy(data: &[u8]) {
    let ours = ours(|out| snappy_code::block::decompress(data, out));
    // The other decoder reserves what the block says it holds.
    let fits = snap::raw::decompress_len(data).is_ok_and(|length| length <= MOST);
    let reference = fits.then(|| snap::raw::Decoder::new().decompress_vec(data).ok()).flatten();
    assert!(ours == reference, "snap reads another thing: {:?}", lengths(&ours, &reference));
}

/// zstd frames, whole and in pieces. Ours reads all that the reference reads, and may read more: it
/// does not look at reserved bits.
pub(crate) fn zstd(data: &[u8]) {
    let whole = zstd_code::whole::length(data)
        .filter(|length| *length <= MOST)
        .map(|length| zstd_code::whole::WholeFrames::default().decompress(data, length).ok());
    let stream = ours(|out| zstd_code::stream::decompress(data, out));
    let reference = reference_zstd(data);
    if reference.is_some() {
        assert!(stream == reference, "zstd reads another: {:?}", lengths(&stream, &reference));
    }
    if let Some(whole) = whole {
        assert!(whole == stream, "whole it is another: {:?}", lengths(&whole, &stream));
    }
}

/// Returns what the reference reads, if it reads the same whole and in pieces. The first has no
/// largest window, and the second does not hold a frame's length against it if the frame ends with
/// an empty block.
fn reference_zstd(data: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = zstd::Decoder::with_buffer(data).ok()?;
    decoder.window_log_max(23).ok()?;
    let mut out = Vec::new();
    decoder.take(MOST as u64 + 1).read_to_end(&mut out).ok()?;
    zstd::bulk::decompress(data, MOST).ok().filter(|whole| *whole == out)
}

fn lengths(ours: &Option<Vec<u8>>, reference: &Option<Vec<u8>>) -> [Option<usize>; 2] {
    [ours, reference].map(|read| read.as_ref().map(Vec::len))
}
