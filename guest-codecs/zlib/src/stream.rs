//! zlib streams (RFC 1950), streamed in constant memory.

use std::io::{self, BufRead, ErrorKind, Read, Write};

use flate2::{Compression, bufread::ZlibDecoder, write::ZlibEncoder};

/// Writes `input` as one zlib stream.
///
/// # Errors
/// Those of `input` and `output`.
pub(crate) fn compress(
    mut input: impl Read,
    output: impl Write,
    level: Compression,
) -> io::Result<()> {
    let mut encoder = ZlibEncoder::new(output, level);
    io::copy(&mut input, &mut encoder)?;
    encoder.finish().map(drop)
}

/// Writes the contents of one zlib stream.
///
/// # Errors
/// If `input` is cut short or corrupt, or goes on after the stream: bytes that no decoder reads would
/// make two payloads of one. The caller must then discard what was written.
pub(crate) fn decompress(mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    io::copy(&mut ZlibDecoder::new(&mut input), &mut output)?;
    match input.fill_buf()? {
        [] => Ok(()),
        _ => Err(io::Error::new(ErrorKind::InvalidData, "bytes behind the zlib stream")),
    }
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

    /// `zlib.compress(b"hello")` of Python.
    const HELLO: &[u8] = b"\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\x00\x06\x2c\x02\x15";

    #[test]
    fn reads_what_zlib_wrote() {
        check(HELLO, Ok(b"hello"));
    }

    #[test]
    fn starts_as_zlib_does() {
        assert_eq!(compressed(b"hello"), HELLO);
    }

    #[test]
    fn refuses_what_is_no_stream() {
        check(b"", Err("incomplete deflate stream"));
        check(b"hello", Err("corrupt deflate stream"));
    }

    #[test]
    fn refuses_a_wrong_checksum() {
        let mut forged = HELLO.to_vec();
        *forged.last_mut().unwrap() ^= 1;
        check(&forged, Err("corrupt deflate stream"));
    }

    #[test]
    fn refuses_bytes_behind_the_stream() {
        check(&[HELLO, b"\0"].concat(), Err("bytes behind the zlib stream"));
        check(&[HELLO, HELLO].concat(), Err("bytes behind the zlib stream"));
    }

    #[test]
    fn refuses_every_truncation() {
        let stream = compressed(&text());
        for end in 0..HELLO.len() {
            check(&HELLO[..end], Err("incomplete deflate stream"));
        }
        check(&stream[..stream.len() / 2], Err("incomplete deflate stream"));
        check(&stream[..stream.len() - 1], Err("incomplete deflate stream"));
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
            let _ = decompressed(&[b"\x78\x9c", bytes.as_slice()].concat());
        }
    }
}
