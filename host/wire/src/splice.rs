//! Writes a message again around changed pieces: sizes first, then one write.

use std::ops::Range;

use bytes::Bytes;

use crate::{Scan, SpanId, WireError, WireErrorKind, json_failure, scan::Form, varint};

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

/// A change within a span, with the length that stands before it, if that is written again.
struct Piece<'a> {
    span: u32,
    range: Range<usize>,
    length: Option<u64>,
    bytes: &'a [u8],
}

/// Replaces payloads. `None` leaves a payload as it is, and so does a payload in the memory of the
/// scanned bytes at its own place; if nothing changes, the scanned bytes are returned.
///
/// # Errors
/// If there are not as many replacements as sites, one for a payload in JSON cannot be written as
/// JSON, or the message gets over 4 GiB.
pub fn splice(scan: &Scan, replacements: Vec<Option<Bytes>>) -> Result<Bytes, WireError> {
    if replacements.len() != scan.sites.len() {
        let (payloads, replacements) = (scan.sites.len(), replacements.len());
        return Err(error(scan, 0, WireErrorKind::Count { payloads, replacements }));
    }
    let texts = texts(scan, &replacements)?;
    let sites = scan.sites.iter().enumerate().zip(&replacements);
    let pieces = sites.filter_map(|((index, site), new)| match site.form {
        Form::Whole => {
            let new = new.as_deref().filter(|new| !is_own(scan, site.range(), new))?;
            Some(piece(site.span, site.length_at, site.range(), new))
        }
        Form::Json(number) => {
            let text = scan.texts.get(number as usize).filter(|text| text.first == index)?;
            let new = texts.get(number as usize)?.as_deref()?;
            Some(piece(site.span, text.length_at, text.start as usize..text.end as usize, new))
        }
    });
    write(scan, pieces)
}

/// Returns whether bytes are those of a range itself, not only equal to them.
fn is_own(scan: &Scan, range: Range<usize>, bytes: &[u8]) -> bool {
    scan.bytes.get(range).is_some_and(|own| std::ptr::eq(own, bytes))
}

/// Makes edits, in the order of the wire. Lengths of all messages around them are corrected.
///
/// # Errors
/// If edits overlap, are out of order or leave their span, or the message gets over 4 GiB.
pub fn apply(scan: &Scan, edits: Vec<Edit>) -> Result<Bytes, WireError> {
    let mut after = 0;
    for Edit { span, range, .. } in &edits {
        let outer = scan.span(*span).map(crate::Span::range).unwrap_or_default();
        if range.start < outer.start.max(after) || range.end < range.start || range.end > outer.end
        {
            return Err(error(scan, range.start, WireErrorKind::Edit));
        }
        after = range.end;
    }
    let pieces = edits.iter().map(|edit| Piece {
        span: edit.span.0,
        range: edit.range.clone(),
        length: None,
        bytes: &edit.bytes,
    });
    write(scan, pieces)
}

/// Returns the texts of JSON that change.
fn texts(scan: &Scan, replacements: &[Option<Bytes>]) -> Result<Vec<Option<Bytes>>, WireError> {
    let rewrite = |text: &crate::scan::Text| {
        let own = text.first..text.first + text.payloads.len();
        json_failure::rewrite(scan, text, replacements.get(own).unwrap_or_default())
    };
    let failed = |site: usize| {
        let offset = scan.sites.get(site).map_or(0, |site| site.range().start);
        error(scan, offset, WireErrorKind::Json)
    };
    scan.texts.iter().map(|text| rewrite(text).map_err(failed)).collect()
}

/// A length in long form stays as it is if it stays true: nothing changes that need not.
fn piece(span: u32, length_at: u32, range: Range<usize>, bytes: &[u8]) -> Piece<'_> {
    if bytes.len() == range.len() {
        return Piece { span, range, length: None, bytes };
    }
    Piece { span, range: length_at as usize..range.end, length: Some(bytes.len() as u64), bytes }
}

impl Piece<'_> {
    fn growth(&self) -> i64 {
        let length = self.length.map_or(0, varint::len);
        (length + self.bytes.len()) as i64 - self.range.len() as i64
    }
}

/// Writes the message with these pieces, which are in the order of the wire.
///
/// The pieces are made twice and kept never. In a page of small payloads a list of them, and one of
/// lengths, had ten times the size of the page: fresh memory for them took most of the time.
fn write<'a>(
    scan: &Scan,
    pieces: impl Iterator<Item = Piece<'a>> + Clone,
) -> Result<Bytes, WireError> {
    let mut growth = vec![0; scan.spans.len()];
    let mut is_changed = false;
    for piece in pieces.clone() {
        grow(&mut growth, piece.span, piece.growth());
        is_changed = true;
    }
    if !is_changed {
        return Ok(scan.bytes.clone());
    }
    spread(scan, &mut growth);
    let size = scan.bytes.len() as i64 + growth.first().copied().unwrap_or_default();
    if size > i64::from(u32::MAX) {
        return Err(error(scan, 0, WireErrorKind::Size(size as usize)));
    }
    let mut output = Vec::with_capacity(size as usize);
    let mut from = 0;
    let mut copy = |output: &mut Vec<u8>, range: Range<usize>| {
        output.extend_from_slice(scan.bytes.get(from..range.start).unwrap_or_default());
        from = range.end;
    };
    // Spans and pieces are in the order of the wire, and a length stands before all that it counts.
    let mut spans = scan.spans.iter().zip(&growth).skip(1).peekable();
    for piece in pieces {
        while let Some((span, &by)) =
            spans.next_if(|(span, _)| (span.length_at as usize) < piece.range.start)
        {
            if by != 0 {
                copy(&mut output, span.length_at as usize..span.start as usize);
                varint::write(span.grown(by), &mut output);
            }
        }
        copy(&mut output, piece.range);
        piece.length.into_iter().for_each(|length| varint::write(length, &mut output));
        output.extend_from_slice(piece.bytes);
    }
    copy(&mut output, scan.bytes.len()..scan.bytes.len());
    Ok(output.into())
}

/// Adds to each span what the lengths within it grow. A span stands before those within it, so that
/// one pass from the end knows how much each of them grows.
fn spread(scan: &Scan, growth: &mut [i64]) {
    for (index, span) in scan.spans.iter().enumerate().skip(1).rev() {
        let by = growth.get(index).copied().unwrap_or_default();
        if by != 0 {
            let old = i64::from(span.start - span.length_at);
            grow(growth, span.parent, by + varint::len(span.grown(by)) as i64 - old);
        }
    }
}

fn grow(growth: &mut [i64], span: u32, by: i64) {
    if let Some(growth) = growth.get_mut(span as usize) {
        *growth += by;
    }
}

fn error(scan: &Scan, offset: usize, kind: WireErrorKind) -> WireError {
    WireError::new(scan.message.name(), offset, kind)
}
