//! Name of a gRPC method.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

/// Name of a method of Temporal's `WorkflowService`, without the service's.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "gateway"), expect(dead_code, reason = "read by the gateway alone"))]
pub(crate) struct MethodName(pub(crate) String);

impl<'de> Deserialize<'de> for MethodName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(MethodNameVisitor)
    }
}

struct MethodNameVisitor;

impl Visitor<'_> for MethodNameVisitor {
    type Value = MethodName;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a method")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<MethodName, E> {
        let is_name = text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if is_name {
            return Ok(MethodName(text.to_owned()));
        }
        Err(E::custom(
            "not the name of a method: write it without the service, such as \
             \"StartWorkflowExecution\"",
        ))
    }
}
