//! gzip streams (RFC 1952), streamed in constant memory.

use std::io::{self, BufRead, Read, Write};

use flate2::{Compression, bufread::MultiGzDecoder, write::GzEncoder};

/// Writes `input` as one gzip member. It has no name and no time, so that equal payloads stay equal:
/// they are then stored once.
///
/// # Errors
/// Those of `input` and `output`.
pub(crate) fn compress(
    mut input: impl Read,
    output: impl Write,
    level: Compression,
) -> io::Result<()> {
    let mut encoder = GzEncoder::new(output, level);
    io::copy(&mut input, &mut encoder)?;
    encoder.finish().map(drop)
}

/// Writes the contents of all members of a gzip stream, in their order.
///
/// # Errors
/// If `input` is cut short or corrupt, or goes on with bytes that are no member. The caller must then
/// discard what was written.
pub(crate) fn decompress(input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    // All members: a concatenation of gzip files is a gzip file (RFC 1952).
    io::copy(&mut MultiGzDecoder::new(input), &mut output).map(drop)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn compressed(bytes: &[u8]) -> Vec<u8> {
        let mut stream = Vec::new();
        compress(bytes, &mut stream, Compression::new(6)).unwrap();
        stream
    }

    fn decompressed(stream: &[u8]) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        decompress(stream, &mut bytes).map(|()| bytes)
    }

    /// A repetitive text, longer than any window.
    fn text() -> Vec<u8> {
        (0..20_000).flat_map(|line| format!("line {} of many\n", line % 700).into_bytes()).collect()
    }

    #[track_caller]
    fn check(stream: &[u8], expect: Result<&[u8], &str>) {
        let found = decompressed(stream).map_err(|error| error.to_string());
        assert_eq!(found.as_deref(), expect.map_err(str::to_owned).as_deref());
    }

    /// `gzip.compress(b"hello", mtime=0)` of Python.
    const HELLO: &[u8] =
        b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\
        \x05\0\0\0";

    #[test]
    fn reads_what_gzip_wrote() {
        check(HELLO, Ok(b"hello"));
    }

    #[test]
    fn reads_all_members() {
        check(&[HELLO, HELLO, HELLO].concat(), Ok(b"hellohellohello"));
    }

    #[test]
    fn equal_bytes_stay_equal() {
        assert_eq!(compressed(b"hello"), compressed(b"hello"));
        assert_eq!(compressed(b"hello")[4..8], [0; 4], "a time");
    }

    #[test]
    fn refuses_what_is_no_member() {
        check(b"hello, hello, hello", Err("invalid gzip header"));
        check(&[HELLO, b"\0\0\0\0\0\0\0\0\0\0\0\0"].concat(), Err("invalid gzip header"));
    }

    #[test]
    fn refuses_a_wrong_checksum_and_a_wrong_length() {
        for behind in [5, 1] {
            let mut forged = HELLO.to_vec();
            let at = forged.len() - behind;
            forged[at] ^= 1;
            check(&forged, Err("corrupt gzip stream does not have a matching checksum"));
        }
    }

    #[test]
    fn refuses_every_truncation() {
        let stream = [HELLO, HELLO].concat();
        for end in (0..stream.len()).filter(|&end| end != HELLO.len()) {
            assert!(decompressed(&stream[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn every_level_comes_back_and_zero_only_stores() {
        let text = text();
        for level in 0..=9 {
            let mut stream = Vec::new();
            compress(text.as_slice(), &mut stream, Compression::new(level)).unwrap();
            assert_eq!(stream.len() < text.len() / 5, level != 0, "level {level}");
            assert_eq!(decompressed(&stream).unwrap(), text, "level {level}");
        }
    }

    proptest! {
        #[test]
        fn what_is_compressed_comes_back(bytes: Vec<u8>) {
            prop_assert_eq!(decompressed(&compressed(&bytes)).unwrap(), bytes);
        }

        #[test]
        fn hostile_bytes_are_an_error_and_no_panic(bytes: Vec<u8>) {
            let _ = decompressed(&bytes);
            let _ = decompressed(&[&HELLO[..10], bytes.as_slice()].concat());
        }
    }
}
