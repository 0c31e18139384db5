//! Payloads that the contests encode.

use cloakroom::Payload;

/// Text that compresses as documents do.
pub(crate) fn text(size: usize) -> Payload {
    let words = [
        "invoice",
        "amount",
        "due",
        "net",
        "total",
        "{\"box\":[",
        "],\"text\":\"",
        "payable",
        "\"confidence\":0.",
        "reference",
        "supplier",
        "line",
        "item",
        "quantity",
        "unit",
        "price",
    ];
    let mut number = 0x9e37_79b9_7f4a_7c15u64;
    let mut text = Vec::with_capacity(size + 64);
    while text.len() < size {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        text.extend_from_slice(words[(number >> 40) as usize % words.len()].as_bytes());
        text.extend_from_slice((number >> 50).to_string().as_bytes());
        text.push(b' ');
    }
    text.truncate(size);
    Payload::new("json/plain", text)
}
