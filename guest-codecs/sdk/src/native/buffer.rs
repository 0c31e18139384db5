//! Immutable bytes, and a writer that makes them.

use std::{cell::RefCell, fmt, sync::Arc};

use sha2::{Digest as _, Sha256};

use super::host::count_call;

/// Immutable bytes that stay in the host.
///
/// A plugin holds a handle and copies in what it reads. A handle is valid until the call ends that it
/// was made in: keep no buffer in the plugin's own state.
///
/// ```
/// use cloakroom_guest::Buffer;
///
/// let buffer = Buffer::new(b"cloakroom");
/// assert_eq!(buffer.length(), 9);
/// assert_eq!(buffer.read(5, 100), b"room");
/// assert_eq!(buffer.slice(0, 5).to_vec(), b"cloak");
/// ```
pub struct Buffer {
    bytes: Arc<[u8]>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// Copies `contents` into the host. The host bounds the bytes that one call may create.
    #[must_use]
    pub fn new(contents: &[u8]) -> Self {
        count_call();
        Self::from_bytes(contents)
    }

    /// Returns the number of bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        count_call();
        self.as_slice().len() as u64
    }

    /// Copies at most `count` bytes from `offset` on: fewer at the end, none past it.
    #[must_use]
    pub fn read(&self, offset: u64, count: u32) -> Vec<u8> {
        count_call();
        self.cut(offset, count.into()).as_slice().to_vec()
    }

    /// Returns the bytes that [`read`](Self::read) would, as a buffer that shares them.
    #[must_use]
    pub fn slice(&self, offset: u64, count: u64) -> Self {
        count_call();
        self.cut(offset, count)
    }

    pub(crate) fn cut(&self, offset: u64, count: u64) -> Self {
        let length = self.end - self.start;
        let offset = usize::try_from(offset).unwrap_or(length).min(length);
        let count = usize::try_from(count).unwrap_or(length).min(length - offset);
        let start = self.start + offset;
        Self { bytes: self.bytes.clone(), start, end: start + count }
    }

    /// Returns the SHA-256 of all bytes. The host computes it, outside of the plugin.
    #[must_use]
    pub fn sha256(&self) -> Vec<u8> {
        count_call();
        Sha256::digest(self.as_slice()).to_vec()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self { bytes: bytes.into(), start: 0, end: bytes.len() }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }
}

// Tests print what they compare: a payload's bytes stay out of it here as well.
impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").field("length", &self.as_slice().len()).finish_non_exhaustive()
    }
}

/// Builds a [`Buffer`] in pieces. [`BufferWriter`](crate::BufferWriter) is the same for `std::io`.
///
/// ```
/// use cloakroom_guest::{Buffer, Writer};
///
/// let writer = Writer::new();
/// writer.write(b"cloak");
/// writer.append(&Buffer::new(b"room"));
/// assert_eq!(Writer::finish(writer).to_vec(), b"cloakroom");
/// ```
#[derive(Default)]
pub struct Writer {
    bytes: RefCell<Vec<u8>>,
}

impl Writer {
    /// Creates an empty writer.
    #[must_use]
    pub fn new() -> Self {
        count_call();
        Self::default()
    }

    /// Appends a copy of `contents`.
    pub fn write(&self, contents: &[u8]) {
        count_call();
        self.bytes.borrow_mut().extend_from_slice(contents);
    }

    /// Appends a buffer, whose bytes do not pass through the plugin.
    pub fn append(&self, contents: &Buffer) {
        count_call();
        self.bytes.borrow_mut().extend_from_slice(contents.as_slice());
    }

    /// Returns the written bytes.
    #[must_use]
    pub fn finish(this: Self) -> Buffer {
        count_call();
        Buffer::from_bytes(&this.bytes.into_inner())
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("length", &self.bytes.borrow().len()).finish_non_exhaustive()
    }
}
