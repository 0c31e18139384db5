//! Protobuf by hand.

#![allow(dead_code, reason = "each test binary needs some of it")]

use bytes::{BufMut, Bytes, BytesMut};

pub(crate) fn varint(mut number: u64, to: &mut BytesMut) {
    while number >= 0x80 {
        to.put_u8(number as u8 | 0x80);
        number >>= 7;
    }
    to.put_u8(number as u8);
}

pub(crate) fn field(number: u32, bytes: &[u8]) -> Bytes {
    let mut field = BytesMut::new();
    varint(u64::from(number) << 3 | 2, &mut field);
    varint(bytes.len() as u64, &mut field);
    field.put_slice(bytes);
    field.freeze()
}

pub(crate) fn nested(numbers: &[u32], bytes: &[u8]) -> Bytes {
    let inner = Bytes::copy_from_slice(bytes);
    numbers.iter().rev().fold(inner, |inner, &number| field(number, &inner))
}
