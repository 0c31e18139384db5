//! The configuration file, read and not acted upon.

use cloakroom::ErrorKind;

use crate::promise;

/// Stands for a secret in the kept corpus.
const CANARY: &str = "c2VjcmV0LWNhbmFyeQ";

/// Reads a file. An error names the file, a line that it has, and no value.
pub(crate) fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Err(error) = cloakroom::fuzzing::parse_config(text) else {
        return;
    };
    promise::check(&error);
    assert_eq!(error.kind(), ErrorKind::Config);
    let said = error.to_string();
    let after = said.strip_prefix("fuzz.toml").unwrap_or_else(|| panic!("no file: {said}"));
    if let Some((line, _)) = after.strip_prefix(", line ").and_then(|rest| rest.split_once(':')) {
        let line: usize = line.parse().unwrap_or_else(|_| panic!("no line: {said}"));
        assert!((1..=text.split('\n').count()).contains(&line), "no such line: {said}");
    } else {
        assert!(after.starts_with(": "), "{said}");
    }
    assert!(!said.contains(CANARY) || !is_value_everywhere(text), "shows a value: {said}");
}

/// Returns whether the canary is part of values only, and never of a name.
fn is_value_everywhere(text: &str) -> bool {
    text.match_indices(CANARY).all(|(at, _)| {
        let line = text[..at].rsplit('\n').next().unwrap_or_default();
        let after =
            text[at + CANARY.len()..].trim_start_matches('"').trim_start_matches([' ', '\t']);
        line.contains('=') && line.ends_with('"') && after.starts_with([',', '}', ']', '\r', '\n'])
    })
}
