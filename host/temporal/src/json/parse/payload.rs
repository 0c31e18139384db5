//! Reads the payloads of `Payloads` JSON.

use std::fmt;

use cloakroom_core::{Metadata, Payload};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{Bounds, malformed};
use crate::json::object::Object;

/// Memory of one external size, while the list that it is in may be copied into a larger one.
const SIZE: usize = 3 * size_of::<i64>();

/// Implements a seed of `$seed` that reads a `$value`. What is null is as good as missing.
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

/// A list of payloads.
pub(super) struct Payloads<'a>(pub(super) &'a Bounds);

nullable!(
    Payloads,
    Vec<Payload>,
    "a list of payloads",
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Payload>, A::Error> {
        let mut payloads = Vec::new();
        while let Some(payload) = list.next_element_seed(One(self.0, payloads.len()))? {
            payloads.push(payload);
        }
        Ok(payloads)
    }
);

/// The payload of a slot.
#[derive(Clone, Copy)]
struct One<'a>(&'a Bounds, usize);

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

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = Payload;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Payload, D::Error> {
        self.0.count_payload(self.1)?;
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for One<'_> {
    type Value = Payload;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a payload")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Payload, A::Error> {
        let One(bounds, slot) = self;
        let (mut metadata, mut data, mut sizes) = (None, None, None);
        while let Some(field) = map.next_key()? {
            match field {
                Field::Metadata if metadata.is_none() => {
                    metadata = Some(map.next_value_seed(Entries(bounds, slot))?);
                }
                Field::Data if data.is_none() => {
                    data = Some(map.next_value_seed(Text(bounds, slot))?);
                }
                Field::ExternalPayloads if sizes.is_none() => {
                    sizes = Some(map.next_value_seed(Sizes(bounds, slot))?);
                }
                Field::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
                _ => return Err(A::Error::custom("a field is there twice")),
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

/// Metadata of the payload of a slot.
struct Entries<'a>(&'a Bounds, usize);

nullable!(
    Entries,
    Metadata,
    "metadata",
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metadata, A::Error> {
        let mut metadata = Metadata::new();
        while let Some(name) = map.next_key_seed(Name(self.0))? {
            // Text, and not null: an entry has a value.
            let value = map.next_value_seed(Value(self.0, self.1))?;
            metadata.insert(name, value.into());
        }
        Ok(metadata)
    }
);

/// The name of a metadata entry.
struct Name<'a>(&'a Bounds);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<String, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<String, E> {
        // Memory of one entry besides its value.
        self.0.count(Payload::cost_of(1, name.len()) - Payload::cost_of(0, 0))?;
        Ok(name.to_owned())
    }
}

/// Bytes as base64.
struct Value<'a>(&'a Bounds, usize);

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Vec<u8>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Vec<u8>, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Value<'_> {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("base64")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
        self.0.decode(self.1, text)
    }
}

/// The body of the payload of a slot.
struct Text<'a>(&'a Bounds, usize);

nullable!(
    Text,
    Vec<u8>,
    "base64",
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
        self.0.decode(self.1, text)
    }
);

/// Sizes of what is stored elsewhere.
struct Sizes<'a>(&'a Bounds, usize);

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
    Sizes,
    Vec<i64>,
    "sizes",
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<i64>, A::Error> {
        let mut sizes = Vec::new();
        while let Some(Object(External { size })) = list.next_element()? {
            self.0.count(SIZE)?;
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
