//! Reads `Payloads` JSON. What it makes is counted before it is made, and refused while it is read.

use std::{cell::RefCell, fmt};

use base64::{
    Engine as _, alphabet,
    engine::{
        DecodePaddingMode,
        general_purpose::{GeneralPurpose, GeneralPurposeConfig},
    },
};
use cloakroom_core::{
    ByteSize, CallMemory, Charge, Error, ErrorKind, Limit, MemoryBudget, Payload,
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor},
};

use self::payload::Payloads;

mod payload;

/// proto3 JSON is read in either alphabet, padded or not.
static LENIENT: GeneralPurpose = reader(&alphabet::STANDARD);
static LENIENT_URL: GeneralPurpose = reader(&alphabet::URL_SAFE);

const fn reader(alphabet: &alphabet::Alphabet) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new();
    let config = config.with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, config)
}

const EXPECTED: &str = "expected {\"payloads\":[{\"metadata\":{…},\"data\":\"…\"}]}";

/// Limits of the payloads that a text becomes.
pub(super) struct Bounds {
    payloads: usize,
    memory: CallMemory,
    charge: RefCell<Charge>,
    /// Why reading was ended, which serde's errors cannot carry.
    refused: RefCell<Option<Error>>,
}

impl Bounds {
    /// At most so many payloads, in this memory.
    pub(super) fn new(payloads: usize, memory: &CallMemory) -> Self {
        let charge = RefCell::new(memory.nothing());
        Self { payloads, memory: memory.clone(), charge, refused: RefCell::default() }
    }

    /// For a text that its reader trusts.
    pub(super) fn none() -> Self {
        let most = ByteSize::bytes(u64::MAX);
        Self::new(usize::MAX, &MemoryBudget::new(most, most).call())
    }

    /// Returns what was counted.
    pub(super) fn into_charge(self) -> Charge {
        self.charge.into_inner()
    }

    /// Counts bytes that are about to be held.
    fn count<E: serde::de::Error>(&self, bytes: usize) -> Result<(), E> {
        let counted = self.charge.borrow_mut().grow(bytes);
        counted.map_err(|error| self.refuse(error))
    }

    /// Counts a payload that is about to be read.
    fn count_payload<E: serde::de::Error>(&self, slot: usize) -> Result<(), E> {
        if slot >= self.payloads {
            let text = format!(
                "the request has more than {} payloads (`limits.payloads`): split it, or raise the \
                 limit",
                self.payloads
            );
            return Err(self.refuse(Error::new(ErrorKind::LimitExceeded(Limit::Payloads), text)));
        }
        self.count(Payload::cost_of(0, 0))
    }

    fn refuse<E: serde::de::Error>(&self, error: Error) -> E {
        self.refused.replace(Some(error));
        E::custom("refused")
    }

    /// Reads base64.
    fn decode<E: serde::de::Error>(&self, slot: usize, text: &str) -> Result<Vec<u8>, E> {
        self.count(base64::decoded_len_estimate(text.len()))?;
        let reader = if text.contains(['-', '_']) { &LENIENT_URL } else { &LENIENT };
        let not_base64 = |_| malformed(format!("payload {slot} holds what is not base64"));
        reader.decode(text).map_err(not_base64).map_err(|error| self.refuse(error))
    }
}

/// Reads `{"payloads":[…]}`.
pub(super) fn parse(text: &[u8], bounds: &Bounds) -> Result<Vec<Payload>, Error> {
    let wrong = |line, column| {
        malformed(format!("not Payloads JSON (line {line}, column {column}): {EXPECTED}"))
    };
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Err(wrong(1, 1));
    }
    // A string with escapes is copied aside, some of them twice.
    let is_escaped = text.contains(&b'\\');
    let _copies = bounds.memory.charge(if is_escaped { 2 * text.len() } else { 0 })?;
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = Message(bounds).deserialize(&mut reader);
    let read = read.and_then(|message| reader.end().map(|()| message));
    let message = read.map_err(|error| {
        let refused = bounds.refused.take();
        refused.unwrap_or_else(|| wrong(error.line(), error.column()))
    })?;
    match message {
        Found { payloads: Some(payloads), .. } => Ok(payloads),
        Found { is_history: true, .. } => Err(malformed(
            "this is the exported history of a workflow (`events`), not Payloads JSON: use \
             `cloakroom explain --history FILE`"
                .to_owned(),
        )),
        _ => Err(malformed(format!("not Payloads JSON: it has no `payloads`; {EXPECTED}"))),
    }
}

/// Fields that were found in the outer object.
#[derive(Default)]
struct Found {
    payloads: Option<Vec<Payload>>,
    is_history: bool,
}

/// The outer object.
struct Message<'a>(&'a Bounds);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Field {
    Payloads,
    Events,
    History,
    #[serde(other)]
    Other,
}

impl<'de> DeserializeSeed<'de> for Message<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Found, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Message<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        let mut found = Found::default();
        while let Some(field) = map.next_key()? {
            match field {
                Field::Payloads if found.payloads.is_some() => {
                    return Err(A::Error::duplicate_field("payloads"));
                }
                Field::Payloads => {
                    found.payloads = Some(map.next_value_seed(Payloads(self.0))?);
                }
                Field::Events | Field::History => {
                    found.is_history |= map.next_value::<Option<IgnoredAny>>()?.is_some();
                }
                Field::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}

fn malformed(text: String) -> Error {
    Error::new(ErrorKind::Malformed, text)
}
