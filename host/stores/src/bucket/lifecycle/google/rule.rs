//! Lifecycle rules as Google writes them: which objects each takes away.

use cloakroom_core::clean;
use serde_json::{Map, Value};

/// Kind of the answer about a bucket.
const KIND: &str = "storage#bucket";

/// Conditions that hold for every object some day, or say nothing about an object that is not replaced.
const NEUTRAL: [&str; 1] = ["age"];

/// Conditions that hold only for versions that were replaced, or for objects with a date of their own
/// (`customTime`), which no object of ours has.
const ELSEWHERE: [&str; 4] =
    ["customTimeBefore", "daysSinceCustomTime", "daysSinceNoncurrentTime", "noncurrentTimeBefore"];

/// Actions after which an object can be read as before. Google reads every storage class at once.
const HARMLESS: [&str; 2] = ["AbortIncompleteMultipartUpload", "SetStorageClass"];

/// Most characters of a foreign name that are shown.
const NAME: usize = 60;

/// Rules of a bucket.
pub(super) struct Configuration(Vec<Value>);

/// Judgement of a rule.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It takes such objects away.
    Covers,
    /// It does not.
    Spares,
    /// This part of it cannot be judged.
    Unknown(String),
}

impl Configuration {
    /// Parses an answer; none if it is not about a bucket, or has another form.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let mut answer: Value = serde_json::from_slice(body).ok()?;
        if answer.get("kind")?.as_str()? != KIND {
            return None;
        }
        match answer.get_mut("lifecycle").map(Value::take) {
            None => Some(Self(Vec::new())),
            Some(Value::Object(mut lifecycle)) => match lifecycle.remove("rule") {
                None => Some(Self(Vec::new())),
                Some(Value::Array(rules)) => Some(Self(rules)),
                Some(_) => None,
            },
            Some(_) => None,
        }
    }

    /// Returns the names of the rules that take objects under `prefix` away. Google's rules have none, so
    /// they are numbered.
    ///
    /// # Errors
    /// The reason if none is known to, and one cannot be judged.
    pub(super) fn covering(&self, prefix: &str) -> Result<Vec<String>, String> {
        let (mut covering, mut unknown) = (Vec::new(), None);
        for (rule, number) in self.0.iter().zip(1..) {
            match judge(rule, prefix) {
                Verdict::Covers => covering.push(format!("number {number}")),
                Verdict::Spares => {}
                Verdict::Unknown(part) => {
                    unknown.get_or_insert(format!(
                        "its lifecycle rule number {number} cannot be judged from here, because of its \
                         {part}"
                    ));
                }
            }
        }
        match unknown {
            Some(why) if covering.is_empty() => Err(why),
            _ => Ok(covering),
        }
    }
}

fn judge(rule: &Value, prefix: &str) -> Verdict {
    let kind = rule.pointer("/action/type").and_then(Value::as_str).unwrap_or_default();
    if HARMLESS.contains(&kind) {
        return Verdict::Spares;
    }
    let none = Map::new();
    let conditions = match rule.get("condition") {
        None => &none,
        Some(Value::Object(conditions)) => conditions,
        Some(_) => return Verdict::Unknown("condition".to_owned()),
    };
    let mut verdict = match kind {
        "Delete" => Verdict::Covers,
        _ => Verdict::Unknown(format!("action `{}`", clean(kind, NAME))),
    };
    for (name, value) in conditions {
        match meets(name, value, prefix) {
            // All conditions must hold, so one that never does decides.
            Some(false) => return Verdict::Spares,
            Some(true) => {}
            None => verdict = Verdict::Unknown(format!("condition `{}`", clean(name, NAME))),
        }
    }
    verdict
}

/// Returns whether a condition holds for an object under `prefix` some day; none if that is not known.
fn meets(name: &str, value: &Value, prefix: &str) -> Option<bool> {
    match name {
        _ if NEUTRAL.contains(&name) => Some(true),
        _ if ELSEWHERE.contains(&name) => Some(false),
        "isLive" => value.as_bool(),
        // An object that was not replaced has no newer version.
        "numNewerVersions" => Some(value.as_u64()? == 0),
        "matchesPrefix" => {
            any(value, |start| start.starts_with(prefix) || prefix.starts_with(start))
        }
        "matchesSuffix" => any(value, is_of_digest),
        // A date, a storage class, a pattern, or what is not known yet.
        _ => None,
    }
}

/// Returns whether one of these texts is such; none if they are no texts.
fn any(value: &Value, is_such: impl Fn(&str) -> bool) -> Option<bool> {
    let texts: Option<Vec<_>> = value.as_array()?.iter().map(Value::as_str).collect();
    let texts = texts.filter(|texts| !texts.is_empty())?;
    Some(texts.into_iter().any(is_such))
}

/// Returns whether the name of one of our objects may end so: each ends with a digest in hexadecimal.
fn is_of_digest(end: &str) -> bool {
    end.bytes().last().is_none_or(|last| matches!(last, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests;
