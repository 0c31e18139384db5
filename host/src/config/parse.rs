//! Parses the configuration, with errors that name line and key and show no value.

use cloakroom_core::{Error, ErrorKind};

use super::{locator::line, nearest::nearest, schema::File, units::WITHOUT_UNIT};

/// Parses a configuration. `place` is its name in errors.
///
/// # Errors
/// `Config` with the line, and the key that was meant.
pub(crate) fn parse(text: &str, place: &str) -> Result<File, Error> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map(|span| span.start);
        let message = explain(error.message(), start.and_then(|start| key_before(text, start)));
        let line = start.map(|start| line(text, start));
        let place = line.map_or_else(|| place.to_owned(), |line| format!("{place}, line {line}"));
        Error::new(ErrorKind::Config, message).at_place(&place)
    })
}

fn explain(message: &str, key: Option<&str>) -> String {
    let line = message.lines().next().unwrap_or_default();
    // toml and serde tell what is wrong in a text only, so their words are read here. Tests of this
    // file notice if they change.
    let quoted: Vec<&str> = line.split('`').skip(1).step_by(2).collect();
    match (line.starts_with("unknown field"), &*quoted) {
        (true, [unknown, known @ ..]) => unknown_key(unknown, known),
        _ => with_key(redact_word(redact(line)), key),
    }
}

/// Puts the key before an error about its value, and into the example.
fn with_key(text: String, key: Option<&str>) -> String {
    match (key, text.strip_prefix(WITHOUT_UNIT)) {
        (Some(key), Some(example)) => format!("`{key}` is {WITHOUT_UNIT}{key} = {example}"),
        (Some(key), None) if text.starts_with("not a ") => format!("`{key}` is {text}"),
        _ => text,
    }
}

/// Returns the key whose value begins at an offset.
fn key_before(text: &str, start: usize) -> Option<&str> {
    // Only a key that stands directly before the value. A guess from further away could name the
    // wrong one.
    let before = text.get(..start)?.trim_end().strip_suffix('=')?.trim_end();
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let key = before.rsplit(|c| !is_part(c)).next()?;
    Some(key).filter(|key| !key.is_empty())
}

fn unknown_key(unknown: &str, known: &[&str]) -> String {
    match nearest(unknown, known.iter().copied()) {
        Some(name) => format!("unknown key `{unknown}`; did you mean `{name}`?"),
        None => format!("unknown key `{unknown}`; known here: `{}`", known.join("`, `")),
    }
}

/// Removes a quoted value from an error of serde: it may be a secret under the wrong name.
fn redact(line: &str) -> String {
    match (line.find('"'), line.rfind("\", expected")) {
        (Some(start), Some(end)) if start < end => {
            let (before, after) = (line.get(..start), line.get(end + 1..));
            format!("{}…{}", before.unwrap_or_default(), after.unwrap_or_default())
        }
        _ => line.to_owned(),
    }
}

/// Removes a quoted word likewise.
fn redact_word(text: String) -> String {
    let word = text.strip_prefix("unknown variant `").and_then(|rest| rest.split_once("`, "));
    word.map_or(text.clone(), |(_, expected)| format!("unknown word, {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::required::Required;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(parse(text, "c.toml").unwrap_err().to_string(), expect);
    }

    #[test]
    fn names_the_line_and_the_nearest_key() {
        check(
            "\n[[stage]]\nplugin = \"x\"\nrequird = true",
            "c.toml, line 4: unknown key `requird`; did you mean `required`?",
        );
        check("[limit]\n", "c.toml, line 1: unknown key `limit`; did you mean `limits`?");
        check("[cache]\nsize = 3", "c.toml, line 2: unknown key `size`; known here: `folder`");
    }

    #[test]
    fn never_shows_a_key_in_the_wrong_place() {
        let text = "[keys.a]\ncurrent = \"k\"\n[keys.a.material]\nk = \"c2VjcmV0\"";
        let error = parse(text, "c.toml").unwrap_err().to_string();
        assert!(
            error.contains("line 4") && error.contains("never written into this file"),
            "{error}"
        );
        assert!(!error.contains("c2VjcmV0"), "{error}");
    }

    #[test]
    fn never_shows_a_word_that_it_does_not_know() {
        check(
            "[[stage]]\nplugin = \"p\"\nreuse = \"c2VjcmV0\"",
            "c.toml, line 3: unknown word, expected `fresh` or `warm`",
        );
    }

    #[test]
    fn refuses_nonsense_numbers() {
        check(
            "[limits]\nmemory = \"64MB\"",
            "c.toml, line 2: `memory` is not a size: write a whole number and B, KiB, MiB or GiB, such as 64MiB",
        );
        check(
            "[limits]\ntime = \"0s\"",
            "c.toml, line 2: `time` is not a time: write a whole number above 0 and ms, s, m, h or d, \
             such as 5s",
        );
    }

    #[test]
    fn asks_for_the_unit_of_a_bare_number() {
        check(
            "[limits]\ntime = 5",
            "c.toml, line 2: `time` is a number without a unit; write time = \"5s\" \
             (the units are ms, s, m, h or d)",
        );
        check(
            "[limits]\n\nmemory = 67108864",
            "c.toml, line 3: `memory` is a number without a unit; write memory = \"64MiB\" \
             (the units are B, KiB, MiB or GiB)",
        );
        check(
            "[storage]\ncache = { memory = 64 }",
            "c.toml, line 2: `memory` is a number without a unit; write memory = \"64MiB\" \
             (the units are B, KiB, MiB or GiB)",
        );
    }

    #[test]
    fn takes_encode_for_required_and_no_other_word() {
        let stage = |required| format!("[[stage]]\nplugin = \"p\"\nrequired = {required}");
        assert_eq!(parse(&stage("\"encode\""), "c").unwrap().stage[0].required, Required::Encode);
        assert_eq!(parse(&stage("true"), "c").unwrap().stage[0].required, Required::Yes);
        check(&stage("\"decode\""), "c.toml, line 3: `required` is true, false or \"encode\"");
    }
}
