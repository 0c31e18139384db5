//! Writes a message again around changed pieces: sizes first, then one write.

use std::ops::Range;

use bytes::Bytes;

use crate::{Scan, SpanId, WireError, WireErrorKind, varint};

/// A change of some bytes directly within a span: whole fields of that message, or none to insert.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The innermost span around the bytes.
    pub span: SpanId,
    /// The bytes that go, as offsets in the whole message.
    pub range: Range<usize>,
    /// The bytes that take their place.
    pub bytes: Bytes,
}

/// A change with the length that stands before it, if that is written again.
struct Piece {
    range: Range<usize>,
    length: Option<u64>,
    bytes: Bytes,
}

/// Replaces payloads. `None` leaves a payload as it is; if nothing changes, the scanned bytes are
/// returned.
///
/// # Errors
/// If there are not as many replacements as sites, or the message gets over 4 GiB.
pub fn splice(scan: &Scan, replacements: Vec<Option<Bytes>>) -> Result<Bytes, WireError> {
    if replacements.len() != scan.sites.len() {
        let (payloads, replacements) = (scan.sites.len(), replacements.len());
        return Err(error(scan, 0, WireErrorKind::Count { payloads, replacements }));
    }
    let mut growth = vec![0; scan.spans.len()];
    let mut pieces = Vec::new();
    for (site, bytes) in scan.sites.iter().zip(replacements) {
        let Some(bytes) = bytes else { continue };
        let piece = piece(site.length_at, site.range(), bytes.len(), bytes);
        grow(&mut growth, site.span, piece.growth());
        pieces.push(piece);
    }
    write(scan, growth, pieces)
}

/// Makes edits, in the order of the wire. Lengths of all messages around them are corrected.
///
/// # Errors
/// If edits overlap, are out of order or leave their span, or the message gets over 4 GiB.
pub fn apply(scan: &Scan, edits: Vec<Edit>) -> Result<Bytes, WireError> {
    let mut growth = vec![0; scan.spans.len()];
    let mut pieces = Vec::new();
    let mut after = 0;
    for Edit { span, range, bytes } in edits {
        let outer = scan.span(span).map(crate::Span::range).unwrap_or_default();
        if range.start < outer.start.max(after) || range.end < range.start || range.end > outer.end
        {
            return Err(error(scan, range.start, WireErrorKind::Edit));
        }
        after = range.end;
        let piece = Piece { range, length: None, bytes };
        grow(&mut growth, span.0, piece.growth());
        pieces.push(piece);
    }
    write(scan, growth, pieces)
}

/// A length in long form stays as it is if it stays true: nothing changes that need not.
fn piece(length_at: u32, range: Range<usize>, len: usize, bytes: Bytes) -> Piece {
    if len == range.len() {
        Piece { range, length: None, bytes }
    } else {
        Piece { range: length_at as usize..range.end, length: Some(len as u64), bytes }
    }
}

impl Piece {
    fn growth(&self) -> i64 {
        let length = self.length.map_or(0, varint::len);
        (length + self.bytes.len()) as i64 - self.range.len() as i64
    }
}

fn grow(growth: &mut [i64], span: u32, by: i64) {
    if let Some(growth) = growth.get_mut(span as usize) {
        *growth += by;
    }
}

fn write(scan: &Scan, mut growth: Vec<i64>, pieces: Vec<Piece>) -> Result<Bytes, WireError> {
    if pieces.is_empty() {
        return Ok(scan.bytes.clone());
    }
    let lengths = lengths(scan, &mut growth);
    let size = scan.bytes.len() as i64 + growth.first().copied().unwrap_or_default();
    if size > i64::from(u32::MAX) {
        return Err(error(scan, 0, WireErrorKind::Size(size as usize)));
    }
    let mut output = Vec::with_capacity(size as usize);
    let mut from = 0;
    // Both lists are in the order of the wire, and a length stands before all that it counts.
    let mut lengths = lengths.into_iter().rev().peekable();
    for piece in pieces {
        while let Some(length) = lengths.next_if(|length| length.range.start < piece.range.start) {
            put(&mut output, &scan.bytes, &mut from, length);
        }
        put(&mut output, &scan.bytes, &mut from, piece);
    }
    output.extend_from_slice(scan.bytes.get(from..).unwrap_or_default());
    Ok(output.into())
}

/// Returns the lengths that change, the last one first. A span stands before those within it, so
/// that one pass from the end knows how much each of them grows.
fn lengths(scan: &Scan, growth: &mut [i64]) -> Vec<Piece> {
    let mut lengths = Vec::new();
    for (index, span) in scan.spans.iter().enumerate().skip(1).rev() {
        let by = growth.get(index).copied().unwrap_or_default();
        if by == 0 {
            continue;
        }
        let old = i64::from(span.end - span.start);
        let range = span.length_at as usize..span.start as usize;
        let piece = Piece { range, length: Some((old + by) as u64), bytes: Bytes::new() };
        grow(growth, span.parent, by + piece.growth());
        lengths.push(piece);
    }
    lengths
}

fn put(output: &mut Vec<u8>, input: &[u8], from: &mut usize, piece: Piece) {
    output.extend_from_slice(input.get(*from..piece.range.start).unwrap_or_default());
    piece.length.into_iter().for_each(|length| varint::write(length, output));
    output.extend_from_slice(&piece.bytes);
    *from = piece.range.end;
}

fn error(scan: &Scan, offset: usize, kind: WireErrorKind) -> WireError {
    WireError::new(scan.message.name(), offset, kind)
}
