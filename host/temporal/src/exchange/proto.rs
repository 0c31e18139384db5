//! Writer of the small messages that the gateway sends itself, and a reader of durations.

/// Wire type of a field with a length.
const LENGTH: u64 = 2;

/// Appends a varint.
fn put_varint(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

/// Appends a field with a length: bytes, text or a message.
pub(crate) fn put_bytes(into: &mut Vec<u8>, number: u32, value: &[u8]) {
    put_varint(into, u64::from(number) << 3 | LENGTH);
    put_varint(into, value.len() as u64);
    into.extend_from_slice(value);
}

/// Appends a field with a number.
pub(crate) fn put_number(into: &mut Vec<u8>, number: u32, value: u64) {
    put_varint(into, u64::from(number) << 3);
    put_varint(into, value);
}

/// Returns the seconds of `google.protobuf.Duration` or `Timestamp`, rounded down.
pub(crate) fn seconds(duration: &[u8]) -> Option<u64> {
    // The first field, if it is there: serializers write fields in their order.
    let Some((0x08, mut rest)) = duration.split_first().map(|(tag, rest)| (*tag, rest)) else {
        return Some(0);
    };
    let (mut seconds, mut shift) = (0, 0);
    while let Some((byte, after)) = rest.split_first() {
        seconds |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(seconds);
        }
        (rest, shift) = (after, shift + 7);
    }
    None
}
