//! What a decoder has written lately, which copies reach back into.

use std::io::{self, Read, Write};

use super::malformed::malformed;

/// How far back a copy may reach. The format has room for 4 GiB; no encoder we know of writes more than
/// 64 KiB, because all compress pieces of that size on their own.
const REACH: usize = 1 << 20;

/// What is written at once.
const BATCH: usize = 64 << 10;

/// Writes to `output`, and remembers.
pub(crate) struct Window<W> {
    output: W,
    recent: Vec<u8>,
    /// How much of `recent` is written.
    written: usize,
    /// How many bytes may still come.
    left: u64,
}

impl<W: Write> Window<W> {
    pub(crate) fn new(output: W, length: u64) -> Self {
        Self { output, recent: Vec::new(), written: 0, left: length }
    }

    pub(crate) fn literal(&mut self, input: &mut impl Read, mut length: u64) -> io::Result<()> {
        self.claim(length)?;
        while 0 < length {
            let piece = length.min(BATCH as u64);
            let got = input.take(piece).read_to_end(&mut self.recent)?;
            if (got as u64) < piece {
                return Err(malformed("the snappy block is cut short"));
            }
            length -= piece;
            self.pass_on()?;
        }
        Ok(())
    }

    /// Repeats `length` bytes, at most 64, from `offset` back. They may overlap what they make.
    pub(crate) fn copy(&mut self, offset: u64, length: u64) -> io::Result<()> {
        self.claim(length)?;
        let nowhere = || malformed("a snappy copy of what is not there");
        let (offset, mut length) = (offset as usize, length as usize);
        let start =
            self.recent.len().checked_sub(offset).filter(|_| offset != 0).ok_or_else(nowhere)?;
        while 0 < length {
            let piece = length.min(self.recent.len() - start);
            self.recent.extend_from_within(start..start + piece);
            length -= piece;
        }
        self.pass_on()
    }

    /// # Errors
    /// When less came than was said.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if self.left != 0 {
            return Err(malformed("a snappy block of another length"));
        }
        let rest = self.recent.get(self.written..).unwrap_or_default();
        self.output.write_all(rest)
    }

    fn claim(&mut self, length: u64) -> io::Result<()> {
        let left = self.left.checked_sub(length);
        self.left = left.ok_or_else(|| malformed("a snappy block of another length"))?;
        Ok(())
    }

    /// Writes what is enough to be worth it, and forgets what no copy reaches any more.
    fn pass_on(&mut self) -> io::Result<()> {
        let waiting = self.recent.get(self.written..).unwrap_or_default();
        if waiting.len() < BATCH {
            return Ok(());
        }
        self.output.write_all(waiting)?;
        // Twice the reach, so that bytes are moved once for each megabyte, not for each batch.
        if 2 * REACH < self.recent.len() {
            self.recent.drain(..self.recent.len() - REACH);
        }
        self.written = self.recent.len();
        Ok(())
    }
}
