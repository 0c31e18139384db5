//! `required` of a stage.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

/// Unsealed payloads that a stage refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Required {
    /// `false`: none.
    #[default]
    No,
    /// `"encode"`: those that it would leave unsealed itself.
    Encode,
    /// `true`: these, and those that arrive unsealed.
    Yes,
}

impl Required {
    /// Returns the word for reports.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Encode => "encode",
            Self::Yes => "yes",
        }
    }
}

// Not `untagged`: the error of that names neither the key nor the words that it takes.
impl<'de> Deserialize<'de> for Required {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RequiredVisitor)
    }
}

struct RequiredVisitor;

impl Visitor<'_> for RequiredVisitor {
    type Value = Required;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false or \"encode\"")
    }

    fn visit_bool<E: de::Error>(self, yes: bool) -> Result<Required, E> {
        Ok(if yes { Required::Yes } else { Required::No })
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Required, E> {
        if text == "encode" {
            Ok(Required::Encode)
        } else {
            Err(E::custom("`required` is true, false or \"encode\""))
        }
    }
}
