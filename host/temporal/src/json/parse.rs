//! Parser of `Payloads` JSON.

use std::fmt;

use cloakroom_core::{Error, Payload};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor},
};

use self::payload::PayloadsSeed;
use super::read_limits::{ReadLimits, malformed};

mod payload;

/// Expected form of the text, for errors.
const EXPECTED: &str = "expected {\"payloads\":[{\"metadata\":{…},\"data\":\"…\"}]}";

/// Parses `{"payloads":[…]}`.
pub(super) fn parse(text: &[u8], limits: &ReadLimits) -> Result<Vec<Payload>, Error> {
    let invalid = |line, column| {
        malformed(format!("not Payloads JSON (line {line}, column {column}): {EXPECTED}"))
    };
    match text.trim_ascii_start().first() {
        Some(b'{') => {}
        Some(_) => return Err(invalid(1, 1)),
        None => {
            return Err(malformed(format!("not Payloads JSON, because it is empty: {EXPECTED}")));
        }
    }
    // serde_json copies a string that has escapes, up to twice.
    let is_escaped = memchr::memchr(b'\\', text).is_some();
    let _copies = limits.memory.charge(if is_escaped { 2 * text.len() } else { 0 })?;
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = MessageSeed(limits).deserialize(&mut reader);
    let read = read.and_then(|message| reader.end().map(|()| message));
    // The text of a serde error could quote a payload, so only its place is used.
    let message = read.map_err(|error| {
        limits.take_error().unwrap_or_else(|| invalid(error.line(), error.column()))
    })?;
    match message {
        Fields { payloads: Some(payloads), .. } => Ok(payloads),
        Fields { is_history: true, .. } => Err(malformed(
            "this is an exported history (`events`), not Payloads JSON: use \
             `cloakroom explain --history FILE`"
                .to_owned(),
        )),
        _ => Err(malformed(format!("not Payloads JSON, because it has no `payloads`: {EXPECTED}"))),
    }
}

/// Fields of the outer object.
#[derive(Default)]
struct Fields {
    payloads: Option<Vec<Payload>>,
    is_history: bool,
}

/// Seed for the outer object.
struct MessageSeed<'a>(&'a ReadLimits);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Field {
    Payloads,
    Events,
    History,
    #[serde(other)]
    Other,
}

impl<'de> DeserializeSeed<'de> for MessageSeed<'_> {
    type Value = Fields;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Fields, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MessageSeed<'_> {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        while let Some(field) = map.next_key()? {
            match field {
                Field::Payloads if fields.payloads.is_some() => {
                    return Err(A::Error::duplicate_field("payloads"));
                }
                Field::Payloads => {
                    fields.payloads = Some(map.next_value_seed(PayloadsSeed(self.0))?);
                }
                Field::Events | Field::History => {
                    fields.is_history |= map.next_value::<Option<IgnoredAny>>()?.is_some();
                }
                Field::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(fields)
    }
}
