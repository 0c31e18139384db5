//! Snappy's block format, streamed in constant memory.
//!
//! A block is its length (varint, at most 32 bits), then literals and copies of earlier bytes. The crate
//! `snap` holds it whole in memory, twice, for which a guest has no room. Its encoder works on 64 KiB at
//! a time, so it is given pieces of that size.

use std::io::{self, BufRead, Read, Write};

use snap::raw::{Encoder, max_compress_len};

use super::{malformed::malformed, window::Window};

/// Bytes that snappy compresses independently of those before.
const PIECE: usize = 64 << 10;

/// Writes `input`, which has `length` bytes, as one block.
///
/// # Errors
/// Those of `input` and `output`, and `FileTooLarge` if no block can be so long.
pub(crate) fn compress(input: impl Read, length: u64, mut output: impl Write) -> io::Result<()> {
    let length = u32::try_from(length).map_err(|_| too_long())?;
    let mut head = Vec::new();
    put_varint(&mut head, length);
    output.write_all(&head)?;
    let (mut encoder, mut input) = (Encoder::new(), input);
    let mut compressed = vec![0; max_compress_len(PIECE.min(length as usize))];
    let mut piece = Vec::new();
    loop {
        piece.clear();
        input.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
        if piece.is_empty() {
            return Ok(());
        }
        let written = encoder.compress(&piece, &mut compressed).map_err(io::Error::other)?;
        let mut elements = compressed.get(..written).unwrap_or_default();
        // Each piece comes with its own length. The block has one at its start, for all of them.
        varint(&mut elements)?;
        output.write_all(elements)?;
    }
}

/// Writes the contents of a block.
///
/// # Errors
/// If `input` is cut short or corrupt, or holds more or less than it says. The caller must then discard
/// what was written.
pub(crate) fn decompress(mut input: impl BufRead, output: impl Write) -> io::Result<()> {
    let length = varint(&mut input)?;
    let mut window = Window::new(output, length.into());
    while !input.fill_buf()?.is_empty() {
        let tag = byte(&mut input)?;
        let high = u64::from(tag >> 2);
        match tag & 3 {
            0 => {
                let literal = 1 + if high < 60 {
                    high
                } else {
                    little_endian(&mut input, high as usize - 59)?
                };
                window.literal(&mut input, literal)?;
            }
            1 => {
                let offset = u64::from(tag >> 5) << 8 | u64::from(byte(&mut input)?);
                window.copy(offset, 4 + (high & 7))?;
            }
            2 => window.copy(little_endian(&mut input, 2)?, 1 + high)?,
            _ => window.copy(little_endian(&mut input, 4)?, 1 + high)?,
        }
    }
    window.finish()
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "over 4 GiB, which a snappy block cannot hold")
}

fn byte(input: &mut impl BufRead) -> io::Result<u8> {
    let first = input.fill_buf()?.first().copied();
    let first = first.ok_or_else(|| malformed("the snappy block is cut short"))?;
    input.consume(1);
    Ok(first)
}

fn little_endian(input: &mut impl BufRead, bytes: usize) -> io::Result<u64> {
    (0..bytes).try_fold(0, |value, index| Ok(value | u64::from(byte(input)?) << (8 * index)))
}

fn varint(input: &mut impl BufRead) -> io::Result<u32> {
    let mut value = 0u64;
    for index in 0..5 {
        let next = byte(input)?;
        value |= u64::from(next & 0x7f) << (7 * index);
        if next & 0x80 == 0 {
            return u32::try_from(value).map_err(|_| malformed("not a snappy block: no length"));
        }
    }
    Err(malformed("not a snappy block: no length"))
}

fn put_varint(out: &mut Vec<u8>, mut value: u32) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use snap::raw::Decoder;

    use super::*;

    fn compressed(bytes: &[u8]) -> Vec<u8> {
        let mut block = Vec::new();
        compress(bytes, bytes.len() as u64, &mut block).unwrap();
        block
    }

    fn decompressed(block: &[u8]) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        decompress(block, &mut bytes).map(|()| bytes)
    }

    fn text(lines: usize) -> Vec<u8> {
        (0..lines).flat_map(|line| format!("line {} of many\n", line % 700).into_bytes()).collect()
    }

    /// Makes bytes of four values, so that there is much to copy. Drawing each byte alone would take the
    /// tests ten times as long.
    fn few_values(seed: u64, length: usize) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 62) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[track_caller]
    fn check(block: &[u8], expect: Result<&[u8], &str>) {
        let found = decompressed(block).map_err(|error| error.to_string());
        assert_eq!(found.as_deref(), expect.map_err(str::to_owned).as_deref());
    }

    #[test]
    fn agrees_with_snap_on_whole_blocks() {
        for lines in [0, 1, 100, 4_000, 40_000] {
            let bytes = text(lines);
            assert_eq!(compressed(&bytes), Encoder::new().compress_vec(&bytes).unwrap());
            check(&compressed(&bytes), Ok(&bytes));
        }
    }

    #[test]
    fn repeats_what_overlaps_itself() {
        check(b"\x06\x04ab\x0d\x02", Err("a snappy block of another length"));
        check(b"\x07\x04ab\x05\x02", Ok(b"abababa"));
        check(b"\x06\x04ab\x01\x02", Ok(b"ababab"));
        check(b"\x06\x04ab\x0e\x02\x00", Ok(b"ababab"));
        check(b"\x06\x04ab\x0f\x02\x00\x00\x00", Ok(b"ababab"));
    }

    #[test]
    fn refuses_what_is_no_block() {
        check(b"", Err("the snappy block is cut short"));
        check(b"\xff\xff\xff\xff\xff\x01", Err("not a snappy block: no length"));
        check(b"\xff\xff\xff\xff\x7f", Err("not a snappy block: no length"));
        check(b"\x02\x04a", Err("the snappy block is cut short"));
        check(b"\x02\x04abc", Err("the snappy block is cut short"));
        check(b"\x06\x04ab\x01\x00", Err("a snappy copy of what is not there"));
        check(b"\x06\x04ab\x01\x03", Err("a snappy copy of what is not there"));
        check(b"\x01\x04ab", Err("a snappy block of another length"));
        check(b"\x03\x04ab", Err("a snappy block of another length"));
    }

    #[test]
    fn a_declared_length_reserves_nothing() {
        check(b"\xff\xff\xff\xff\x0f\x00a", Err("a snappy block of another length"));
    }

    proptest! {
        #[test]
        fn snap_reads_what_is_written(seed: u64, length in 0..200_000_usize) {
            let bytes = few_values(seed, length);
            prop_assert_eq!(Decoder::new().decompress_vec(&compressed(&bytes)).unwrap(), bytes);
        }

        #[test]
        fn reads_what_snap_wrote(seed: u64, length in 0..200_000_usize) {
            let bytes = few_values(seed, length);
            let block = Encoder::new().compress_vec(&bytes).unwrap();
            prop_assert_eq!(decompressed(&block).unwrap(), bytes);
        }

        #[test]
        fn agrees_with_snap_on_nonsense(block in prop::collection::vec(any::<u8>(), 0..60)) {
            let theirs = Decoder::new().decompress_vec(&block).ok();
            // An empty block that goes on is an error to us, as it is to Go.
            prop_assert_eq!(decompressed(&block).ok().or(theirs.clone()), theirs);
        }
    }
}
