//! Writer of the small messages that the gateway sends itself.

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
