//! Reads an exported history event by event, so that it need not fit in memory.

use std::{fmt, io::Read};

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;

use crate::failure::Failure;

/// Passes each event of a history to `each`, until it returns false.
///
/// A history is a list of events, or an object with such a list as `events` or `history.events`.
///
/// # Errors
/// If the text is not JSON, or has no events.
pub(crate) fn events(text: impl Read, mut each: impl FnMut(Value) -> bool) -> Result<(), Failure> {
    let mut json = serde_json::Deserializer::from_reader(text);
    let mut reader = Reader { each: &mut each, found: false, stopped: false };
    let read = json.deserialize_any(&mut reader);
    let (found, stopped) = (reader.found, reader.stopped);
    match read.and_then(|()| json.end()) {
        _ if stopped => Ok(()),
        Ok(()) if found => Ok(()),
        Ok(()) => {
            Err(Failure::operation(format!("not a history, because it has no `events`: {EXPORT}")))
        }
        // The text of a serde error could quote payloads.
        Err(error) => Err(Failure::operation(format!(
            "not a history in JSON (line {}, column {}): {EXPORT}",
            error.line(),
            error.column()
        ))),
    }
}

/// Advice for a file that is not an undecoded history.
pub(crate) const EXPORT: &str = "export it with `temporal workflow show -w ID -o json`, without \
                                 --codec-endpoint and without TEMPORAL_CODEC_ENDPOINT";

struct Reader<'a> {
    each: &'a mut dyn FnMut(Value) -> bool,
    found: bool,
    stopped: bool,
}

impl<'de> DeserializeSeed<'de> for &mut Reader<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Reader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of events, or an object with `events`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.found = true;
        while let Some(event) = list.next_element()? {
            if !(self.each)(event) {
                // serde knows no way to stop early other than an error.
                self.stopped = true;
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(name) = object.next_key::<String>()? {
            match &*name {
                "events" | "history" => object.next_value_seed(&mut *self)?,
                _ => {
                    object.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<i64>, String> {
        let mut ids = Vec::new();
        let read = events(text.as_bytes(), |event| {
            ids.push(event["eventId"].as_i64().unwrap());
            true
        });
        read.map(|()| ids).map_err(|failure| failure.to_string())
    }

    #[test]
    fn reads_all_forms_of_a_history() {
        for text in [
            r#"[{"eventId":1},{"eventId":2}]"#,
            r#"{"events":[{"eventId":1},{"eventId":2}]}"#,
            r#"{"archived":false,"history":{"events":[{"eventId":1},{"eventId":2}]},"raw":[[{}]]}"#,
        ] {
            assert_eq!(read(text), Ok(vec![1, 2]), "{text}");
        }
        assert_eq!(read(r#"{"events":[]}"#), Ok(Vec::new()));
    }

    #[test]
    fn refuses_other_files_with_advice() {
        let table = "Progress:\n  ID           Time                     Type\n    1  secret";
        for (text, says) in [
            (table, "line 1, column 1"),
            ("", "line 1, column 0"),
            ("7", "line 1"),
            (r#"{"payloads":[]}"#, "it has no `events`"),
            (r#"{"events":null}"#, "it has no `events`"),
            (r#"{"events":[]} {"events":[]}"#, "line 1"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(says) && error.contains("-o json"), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn stops_on_request() {
        let mut seen = 0;
        let each = |_| {
            seen += 1;
            false
        };
        events(br#"{"events":[{},{},"#.as_slice(), each).unwrap();
        assert_eq!(seen, 1);
    }
}
