//! Sizes, times and plugin settings as the file writes them.

use std::{fmt, time::Duration};

use cloakroom_core::ByteSize;
use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor},
};

/// `64MiB`
#[derive(Clone, Debug)]
pub(crate) struct Size(pub(crate) ByteSize);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = Size;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size such as \"64MiB\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Size, E> {
        text.parse().map(Size).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Size, E> {
        // The example repeats the number: a small one was probably meant in MiB.
        let example = match u64::try_from(number) {
            Ok(number @ 0..1024) => ByteSize::mib(number.max(1)),
            Ok(number) => ByteSize::bytes(number),
            Err(_) => ByteSize::mib(64),
        };
        Err(without_unit(&example.to_string(), "B, KiB, MiB or GiB"))
    }
}

/// The error of a number without a unit. The reader of the file puts the key before it.
fn without_unit<E: de::Error>(example: &str, units: &str) -> E {
    E::custom(format!("{WITHOUT_UNIT}\"{example}\" (the units are {units})"))
}

/// Start of the error of a number without a unit; an example follows.
pub(crate) const WITHOUT_UNIT: &str = "a number without a unit; write ";

/// `5s`, `500ms`, `2m`, `20d`
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span(pub(crate) Duration);

fn span(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (count, unit) = text.split_at(digits);
    let count: u32 = count.parse().ok().filter(|count| *count != 0)?;
    let unit = match unit.trim() {
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        "h" => Duration::from_secs(3600),
        "d" => Duration::from_secs(86_400),
        _ => return None,
    };
    unit.checked_mul(count)
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpanVisitor)
    }
}

struct SpanVisitor;

impl Visitor<'_> for SpanVisitor {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time such as \"5s\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
        let wrong = "not a time: write a whole number above 0 and ms, s, m, h or d, such as 5s";
        span(text).map(Span).ok_or_else(|| E::custom(wrong))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Span, E> {
        Err(without_unit(&format!("{}s", number.max(1)), "ms, s, m, h or d"))
    }
}

/// A plugin's setting: a text, or a number, yes/no or list of texts that is handed on as text. A list has
/// a line for each of its texts.
#[derive(Debug)]
pub(crate) struct Setting(pub(crate) String);

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SettingVisitor)
    }
}

struct SettingVisitor;

impl<'de> Visitor<'de> for SettingVisitor {
    type Value = Setting;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a whole number, true or false, or a list of texts")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Setting, E> {
        Ok(Setting(text.to_owned()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Setting, E> {
        Ok(Setting(number.to_string()))
    }

    fn visit_bool<E: de::Error>(self, yes: bool) -> Result<Setting, E> {
        Ok(Setting(yes.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Setting, A::Error> {
        let mut lines = Vec::new();
        while let Some(text) = list.next_element::<String>()? {
            // It would reach the plugin as two texts.
            if text.contains('\n') {
                return Err(de::Error::custom("a text in a list has a line break"));
            }
            lines.push(text);
        }
        Ok(Setting(lines.join("\n")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times() {
        assert_eq!(span("5s"), Some(Duration::from_secs(5)));
        assert_eq!(span("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(span("2 m"), Some(Duration::from_secs(120)));
        assert_eq!(span("20d"), Some(Duration::from_secs(20 * 86_400)));
        for wrong in ["", "5", "s", "0s", "-1s", "1w", "1.5s", "99999999999s"] {
            assert_eq!(span(wrong), None, "{wrong}");
        }
    }
}
