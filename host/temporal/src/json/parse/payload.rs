//! Parser of the payloads in `Payloads` JSON.

use std::fmt;

use cloakroom_core::{Metadata, Payload};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::json::{
    object::Object,
    read_limits::{ReadLimits, malformed},
};

/// Memory of one external size in bytes: while a list grows, the old and the new one exist
/// together.
const EXTERNAL_SIZE: usize = 3 * size_of::<i64>();

/// Implements the seed `$seed`, which parses a `$value`. Null is treated as a missing field.
macro_rules! nullable {
    ($seed:ident, $value:ty, $expecting:literal, $visit:item) => {
        impl<'de> DeserializeSeed<'de> for $seed<'_> {
            type Value = $value;

            fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<$value, D::Error> {
                from.deserialize_any(self)
            }
        }

        impl<'de> Visitor<'de> for $seed<'_> {
            type Value = $value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($expecting)
            }

            fn visit_unit<E>(self) -> Result<$value, E> {
                Ok(<$value>::default())
            }

            $visit
        }
    };
}

/// Seed for the list of payloads.
pub(super) struct PayloadsSeed<'a>(pub(super) &'a ReadLimits);

nullable!(
    PayloadsSeed,
    Vec<Payload>,
    "a list of payloads",
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Payload>, A::Error> {
        let mut payloads = Vec::new();
        while let Some(payload) = list.next_element_seed(PayloadSeed(self.0, payloads.len()))? {
            payloads.push(payload);
        }
        Ok(payloads)
    }
);

/// Seed for the payload of a slot.
#[derive(Clone, Copy)]
struct PayloadSeed<'a>(&'a ReadLimits, usize);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Field {
    Metadata,
    Data,
    #[serde(alias = "external_payloads")]
    ExternalPayloads,
    #[serde(other)]
    Other,
}

impl<'de> DeserializeSeed<'de> for PayloadSeed<'_> {
    type Value = Payload;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Payload, D::Error> {
        self.0.charge_payload(self.1)?;
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for PayloadSeed<'_> {
    type Value = Payload;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a payload")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Payload, A::Error> {
        let PayloadSeed(limits, slot) = self;
        let (mut metadata, mut data, mut sizes) = (None, None, None);
        while let Some(field) = map.next_key()? {
            match field {
                Field::Metadata if metadata.is_none() => {
                    metadata = Some(map.next_value_seed(MetadataSeed(limits, slot))?);
                }
                Field::Data if data.is_none() => {
                    data = Some(map.next_value_seed(DataSeed(limits, slot))?);
                }
                Field::ExternalPayloads if sizes.is_none() => {
                    sizes = Some(map.next_value_seed(ExternalSizesSeed(limits, slot))?);
                }
                Field::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
                // Official parsers refuse a field that comes twice. Two readers must not see two
                // payloads.
                _ => return Err(A::Error::custom("duplicate field")),
            }
        }
        Ok(Payload {
            metadata: metadata.unwrap_or_default(),
            data: data.unwrap_or_default().into(),
            external_sizes: sizes.unwrap_or_default(),
            ..Payload::default()
        })
    }
}

/// Seed for the metadata of a payload.
struct MetadataSeed<'a>(&'a ReadLimits, usize);

nullable!(
    MetadataSeed,
    Metadata,
    "metadata",
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metadata, A::Error> {
        let mut metadata = Metadata::new();
        while let Some(key) = map.next_key_seed(KeySeed(self.0))? {
            // Unlike a field, the value of an entry must not be null.
            let value = map.next_value_seed(ValueSeed(self.0, self.1))?;
            metadata.insert(key, value.into());
        }
        Ok(metadata)
    }
);

/// Seed for the key of a metadata entry.
struct KeySeed<'a>(&'a ReadLimits);

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<String, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<String, E> {
        // The cost of one entry without its value.
        self.0.charge(Payload::cost_of(1, key.len()) - Payload::cost_of(0, 0))?;
        Ok(key.to_owned())
    }
}

/// Seed for bytes as base64.
///
/// The text is parsed as bytes: base64 is ASCII, so whoever decodes it refuses whatever is not UTF-8.
struct ValueSeed<'a>(&'a ReadLimits, usize);

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Vec<u8>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Vec<u8>, D::Error> {
        from.deserialize_bytes(self)
    }
}

impl Visitor<'_> for ValueSeed<'_> {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("base64")
    }

    fn visit_bytes<E: serde::de::Error>(self, text: &[u8]) -> Result<Vec<u8>, E> {
        self.0.decode(self.1, text)
    }
}

/// Seed for the body of a payload. Null is treated as a missing field.
struct DataSeed<'a>(&'a ReadLimits, usize);

impl<'de> DeserializeSeed<'de> for DataSeed<'_> {
    type Value = Vec<u8>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Vec<u8>, D::Error> {
        from.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for DataSeed<'_> {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("base64")
    }

    fn visit_none<E>(self) -> Result<Vec<u8>, E> {
        Ok(Vec::new())
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Vec<u8>, D::Error> {
        ValueSeed(self.0, self.1).deserialize(from)
    }
}

/// Seed for the sizes of stored objects.
struct ExternalSizesSeed<'a>(&'a ReadLimits, usize);

#[derive(Deserialize)]
struct External<'a> {
    #[serde(rename = "sizeBytes", alias = "size_bytes", borrow)]
    size: Size<'a>,
}

/// proto3 JSON writes 64-bit numbers as text; Go's struct tags write them as numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Size<'a> {
    Text(#[serde(borrow)] std::borrow::Cow<'a, str>),
    Number(i64),
}

nullable!(
    ExternalSizesSeed,
    Vec<i64>,
    "sizes",
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<i64>, A::Error> {
        let mut sizes = Vec::new();
        while let Some(Object(External { size })) = list.next_element()? {
            self.0.charge(EXTERNAL_SIZE)?;
            let size = match size {
                Size::Number(size) => Some(size),
                Size::Text(text) => text.parse().ok(),
            };
            sizes.push(size.ok_or_else(|| {
                let slot = self.1;
                let text = format!("payload {slot} has an external size that is not a number");
                self.0.refuse(malformed(text))
            })?);
        }
        Ok(sizes)
    }
);
