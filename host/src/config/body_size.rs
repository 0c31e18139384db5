//! Sizes in the notation of Dapr's `--max-body-size`.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

/// Bytes as Dapr counts them: none and fewer than none mean no limit.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "gateway"), expect(dead_code, reason = "read by the gateway alone"))]
pub(crate) struct BodySize(pub(crate) i64);

impl<'de> Deserialize<'de> for BodySize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BodySizeVisitor)
    }
}

struct BodySizeVisitor;

impl Visitor<'_> for BodySizeVisitor {
    type Value = BodySize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size in Dapr's notation such as \"4Mi\"")
    }

    /// A number is one of bytes, as in Dapr.
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<BodySize, E> {
        Ok(BodySize(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<BodySize, E> {
        cloakroom_dapr::parse_body_size(text).map(BodySize).map_err(E::custom)
    }
}
