//! Payloads as proto3 JSON: `{"metadata": {"encoding": "BASE64"}, "data": "BASE64"}`.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;

use crate::{
    json::Json,
    reader::{LENGTH_DELIMITED, Reader},
    varint,
};

/// Padding is optional to parsers, and the bits after the last byte do not count.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const METADATA: u32 = 1;
const DATA: u32 = 2;
const EXTERNAL: u32 = 3;
const KEY: u32 = 1;
const VALUE: u32 = 2;
const SIZE: u32 = 1;

/// Reads a payload, and returns it as a protobuf message. Nothing if it is malformed, or has fields
/// that are unknown here: they would be lost.
pub(crate) fn read(json: &mut Json<'_>) -> Option<Bytes> {
    let (mut metadata, mut data, mut external) = (Vec::new(), Vec::new(), Vec::new());
    json.object(|json, name| match name {
        _ if json.peek()? == b'n' => json.skip(),
        b"metadata" => json.object(|json, key| {
            let mut entry = Vec::new();
            field(KEY, key, &mut entry);
            field(VALUE, &bytes(json)?, &mut entry);
            field(METADATA, &entry, &mut metadata);
            Some(())
        }),
        b"data" => {
            data = bytes(json)?;
            Some(())
        }
        b"externalPayloads" | b"external_payloads" => json.array(|json| {
            let mut details = Vec::new();
            json.object(|json, name| {
                let is_size = matches!(name, b"sizeBytes" | b"size_bytes");
                let size = is_size.then(|| int64(json))??;
                varint::write(u64::from(SIZE) << 3, &mut details);
                varint::write(size as u64, &mut details);
                Some(())
            })?;
            field(EXTERNAL, &details, &mut external);
            Some(())
        }),
        _ => None,
    })?;
    let mut payload = metadata;
    if !data.is_empty() {
        field(DATA, &data, &mut payload);
    }
    payload.extend(external);
    Some(payload.into())
}

/// Appends a payload, which is a protobuf message. Nothing if it is malformed, or has fields that
/// JSON has no names for.
pub(crate) fn write(payload: &[u8], to: &mut Vec<u8>) -> Option<()> {
    let (mut metadata, mut data, mut external) = (Vec::<(&str, &[u8])>::new(), None, Vec::new());
    let mut reader = Reader::new(payload, 0, payload.len());
    while let Some((number, content)) = next(payload, &mut reader)? {
        match number {
            METADATA => {
                let (key, value) = entry(content)?;
                // The last of several entries counts, and parsers of JSON refuse a second one.
                metadata.retain(|(other, _)| *other != key);
                metadata.push((key, value));
            }
            DATA => data = Some(content),
            EXTERNAL => external.push(size(content)?),
            _ => return None,
        }
    }
    let mut fields = Vec::new();
    if !metadata.is_empty() {
        let entries =
            metadata.iter().map(|(key, value)| format!("{}:{}", quoted(key), text(value)));
        fields.push(format!("\"metadata\":{{{}}}", entries.collect::<Vec<_>>().join(",")));
    }
    fields.extend(data.map(|data| format!("\"data\":{}", text(data))));
    if !external.is_empty() {
        let sizes = external.iter().map(|size| format!("{{\"sizeBytes\":\"{size}\"}}"));
        fields.push(format!("\"externalPayloads\":[{}]", sizes.collect::<Vec<_>>().join(",")));
    }
    to.extend(format!("{{{}}}", fields.join(",")).into_bytes());
    Some(())
}

fn field(number: u32, bytes: &[u8], to: &mut Vec<u8>) {
    varint::write(u64::from(number << 3) | u64::from(LENGTH_DELIMITED), to);
    varint::write(bytes.len() as u64, to);
    to.extend_from_slice(bytes);
}

/// Reads base64 of either alphabet.
fn bytes(json: &mut Json<'_>) -> Option<Vec<u8>> {
    json.peek()?;
    let text = json.string()?;
    let standard = text.iter().map(|byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => *byte,
    });
    BASE64.decode(standard.collect::<Vec<u8>>()).ok()
}

/// Reads a number of 64 bits, which JSON writes as a string.
fn int64(json: &mut Json<'_>) -> Option<i64> {
    if json.peek()? != b'"' {
        return json.number()?.parse().ok();
    }
    std::str::from_utf8(&json.string()?).ok()?.parse().ok()
}

/// Returns the next field of text, bytes or a message. The outer `None` stands for any other field.
fn next<'a>(bytes: &'a [u8], reader: &mut Reader<'_>) -> Option<Option<(u32, &'a [u8])>> {
    if reader.at >= reader.end {
        return Some(None);
    }
    let tag = reader.tag().ok()?;
    let end = (tag.wire == LENGTH_DELIMITED).then(|| reader.length().ok())??;
    let content = bytes.get(reader.at..end)?;
    reader.at = end;
    Some(Some((tag.number, content)))
}

fn entry(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let mut entry = ("", &[][..]);
    let mut reader = Reader::new(bytes, 0, bytes.len());
    while let Some((number, content)) = next(bytes, &mut reader)? {
        match number {
            KEY => entry.0 = std::str::from_utf8(content).ok()?,
            VALUE => entry.1 = content,
            _ => return None,
        }
    }
    Some(entry)
}

/// Reads `ExternalPayloadDetails`.
fn size(bytes: &[u8]) -> Option<i64> {
    let mut size = 0;
    let mut reader = Reader::new(bytes, 0, bytes.len());
    while reader.at < reader.end {
        let tag = reader.tag().ok().filter(|tag| (tag.number, tag.wire) == (SIZE, 0));
        size = tag.and_then(|_| reader.varint().ok())? as i64;
    }
    Some(size)
}

fn text(bytes: &[u8]) -> String {
    format!("\"{}\"", BASE64.encode(bytes))
}

fn quoted(text: &str) -> String {
    let escape = |char: char| match char {
        '"' | '\\' => format!("\\{char}"),
        char if char < ' ' => format!("\\u{:04x}", u32::from(char)),
        char => char.to_string(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}
