//! Sets a number in a small message.

use bytes::Bytes;

use crate::{
    MessageType, WireError,
    reader::{LENGTH_DELIMITED, Reader},
    schema::FieldKind,
    varint,
};

/// Sets the number at a path of field names, for example `["namespace_info", "limits",
/// "blob_size_limit_error"]`. Messages on the way are added where they are absent.
///
/// The number is appended, and the last of several counts to every parser, so that no byte of the
/// message changes but lengths. A path that the schema lacks leaves the message as it is.
///
/// # Errors
/// If the message is malformed before the place.
pub fn set_number(
    message: MessageType,
    bytes: &Bytes,
    path: &[&str],
    value: u64,
) -> Result<Bytes, WireError> {
    let Some((numbers, types)) = resolve(message, path) else { return Ok(bytes.clone()) };
    let mut places = Vec::new();
    let mut range = 0..bytes.len();
    for (&number, outer) in numbers.iter().zip(&types).take(path.len().saturating_sub(1)) {
        let Some((length_at, inner)) = last(*outer, bytes, range.clone(), number)? else { break };
        places.push((length_at, inner.clone()));
        range = inner;
    }
    let missing = numbers.get(places.len()..).unwrap_or_default();
    let mut added = field(missing, value);
    let at = range.end;
    let mut output = bytes.to_vec();
    output.splice(at..at, added.drain(..));
    let mut by = output.len() - bytes.len();
    for (length_at, inner) in places.into_iter().rev() {
        let mut length = Vec::new();
        varint::write((inner.len() + by) as u64, &mut length);
        let before = output.len();
        output.splice(length_at..inner.start, length);
        by = by + output.len() - before;
    }
    Ok(output.into())
}

/// Returns the field numbers of a path, and the message types that hold them.
fn resolve(mut message: MessageType, path: &[&str]) -> Option<(Vec<u32>, Vec<MessageType>)> {
    let mut found = (Vec::new(), Vec::new());
    for (index, name) in path.iter().enumerate() {
        let (number, field) = message.find(name)?;
        found.0.push(number);
        found.1.push(message);
        let is_last = index + 1 == path.len();
        let expected = if is_last { FieldKind::Number } else { FieldKind::Message };
        if field.kind != expected {
            return None;
        }
        message = message.schema.type_of(field.target);
    }
    Some(found)
}

/// Finds the last message with this number.
fn last(
    message: MessageType,
    bytes: &[u8],
    range: std::ops::Range<usize>,
    number: u32,
) -> Result<Option<(usize, std::ops::Range<usize>)>, WireError> {
    const DEPTH: usize = 100;
    let mut reader = Reader::new(bytes, range.start, range.end);
    let mut found = None;
    while reader.at < reader.end {
        let mut step = || {
            let tag = reader.tag()?;
            if tag.number == number && tag.wire == LENGTH_DELIMITED {
                let length_at = reader.at;
                let end = reader.length()?;
                found = Some((length_at, reader.at..end));
                reader.at = end;
                Ok(())
            } else {
                reader.skip(&tag, DEPTH)
            }
        };
        step().map_err(|kind| WireError::new(message.name(), reader.at, kind))?;
    }
    Ok(found)
}

/// Returns a number inside new messages.
fn field(numbers: &[u32], value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (depth, &number) in numbers.iter().rev().enumerate() {
        let mut outer = Vec::new();
        let wire = if depth == 0 { 0 } else { LENGTH_DELIMITED };
        varint::write(u64::from(number) << 3 | u64::from(wire), &mut outer);
        let word = if depth == 0 { value } else { bytes.len() as u64 };
        varint::write(word, &mut outer);
        outer.append(&mut bytes);
        bytes = outer;
    }
    bytes
}
