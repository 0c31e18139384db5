//! Reader of small messages whose type the schema lacks.

/// Value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// A number of fixed width, which nobody asks for.
    Fixed,
}

/// Returns the fields of a message up to the first one that is malformed, and whether that was the end.
pub(super) fn fields(mut bytes: &[u8]) -> (Vec<(u64, Value<'_>)>, bool) {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let Some(field) = take_field(&mut bytes) else { return (fields, false) };
        fields.push(field);
    }
    (fields, true)
}

fn take_field<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Value<'a>)> {
    let key = take_varint(bytes)?;
    let value = match key & 7 {
        0 => Value::Number(take_varint(bytes)?),
        1 => take(bytes, 8).map(|_| Value::Fixed)?,
        2 => {
            let length = take_varint(bytes)?;
            Value::Bytes(take(bytes, usize::try_from(length).ok()?)?)
        }
        5 => take(bytes, 4).map(|_| Value::Fixed)?,
        _ => return None,
    };
    Some((key >> 3, value))
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *take(bytes, 1)?.first()?;
        // Bits above the 64th are dropped: a number with them is nothing that the server writes.
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fields_up_to_a_malformed_one() {
        let message = b"\x08\x96\x01\x12\x02hi\x1d1234\x21";
        let found = [(1, Value::Number(150)), (2, Value::Bytes(b"hi")), (3, Value::Fixed)];
        assert_eq!(fields(message), (found.to_vec(), false));
        assert_eq!(fields(&message[..12]), (found.to_vec(), true));
        assert_eq!(fields(b""), (Vec::new(), true));
        for malformed in [&b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"[..], b"\x0b", b"\x80"] {
            assert_eq!(fields(malformed), (Vec::new(), false), "{malformed:?}");
        }
    }
}
