//! Fields of protobuf messages that are written here, and their sizes.

/// Appends a field of text, bytes or a message.
pub(crate) fn put_bytes(to: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_varint(to, u64::from(number << 3 | 2));
    put_varint(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

/// Appends a field of text. An empty one is left out, as in proto3.
pub(crate) fn put_text(to: &mut Vec<u8>, number: u32, text: &str) {
    if !text.is_empty() {
        put_bytes(to, number, text.as_bytes());
    }
}

/// Appends a number, which is sign-extended if negative. Zero is left out.
pub(crate) fn put_number(to: &mut Vec<u8>, number: u32, value: i64) {
    if value != 0 {
        put_varint(to, u64::from(number << 3));
        put_varint(to, value.cast_unsigned());
    }
}

fn put_varint(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

/// Returns the size of a field of so many bytes, with its tag of one byte and its length.
pub(crate) fn field_size(length: u64) -> u64 {
    1 + u64::from((64 - (length | 1).leading_zeros()).div_ceil(7)) + length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_what_is_written() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 3_000_000] {
            let mut bytes = Vec::new();
            put_bytes(&mut bytes, 3, &vec![0; length]);
            assert_eq!(bytes.len() as u64, field_size(length as u64), "{length}");
        }
        let mut bytes = Vec::new();
        put_number(&mut bytes, 1, -1);
        put_number(&mut bytes, 2, 0);
        put_text(&mut bytes, 2, "");
        put_text(&mut bytes, 2, "a");
        assert_eq!(bytes, b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x12\x01a");
    }
}
