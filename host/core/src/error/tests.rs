//! Tests of errors.

use super::*;

#[test]
fn a_chain_is_one_line() {
    let cause = Error::new(ErrorKind::Unavailable, "no\r\nanswer\u{1b}[2J\u{202e}");
    let error = Error::new(ErrorKind::Failed, "cannot store").with_source(cause);
    let error = error.at_stage("s3", Direction::Encode, 2);
    let said = "stage `s3`, encoding payload 2: cannot store: no  answer [2J";
    assert_eq!(error.report(), said);
}

#[test]
fn a_long_message_is_cut() {
    let error = Error::new(ErrorKind::Failed, "x".repeat(9000));
    assert_eq!(error.report().chars().count(), LONGEST);
}

/// The caller of the pipeline says what its settings are called, and the innermost error knows
/// which ones they are.
#[test]
fn settings_are_named_at_the_end_and_once() {
    let names = |remedy| if remedy == Remedy::Wait { "wait" } else { "other" };
    let error = Error::new(ErrorKind::Busy, "no room").with_remedies(&[Remedy::Wait]);
    let named = error.name_remedies(names).name_remedies(|_| "again");
    assert_eq!(named.to_string(), "no room (`wait`)");
    let cause = Error::new(ErrorKind::Busy, "no room").with_remedies(&[Remedy::Entries]);
    let wrapped = cause.wrapped(ErrorKind::Failed, "it failed").name_remedies(names);
    assert_eq!(wrapped.report(), "it failed: no room (`other`)");
}

/// Hostile text in the message, each name and the place.
#[test]
fn an_error_prints_on_one_bounded_line() {
    let hostile = format!("a\nERROR b\u{1b}[2J\u{202e}\r{}", "x".repeat(1 << 20));
    let error = Error::new(ErrorKind::Failed, &*hostile)
        .in_plugin(&hostile)
        .in_file(std::path::Path::new(&hostile))
        .at_place(&hostile)
        .at_stage(&hostile, Direction::Encode, 0);
    for text in [error.to_string(), format!("{error:?}"), error.report()] {
        assert!(text.len() < 8000, "{} bytes", text.len());
        assert!(!text.chars().any(char::is_control) && !text.contains('\u{202e}'), "{text}");
    }
}

#[test]
fn a_configuration_replaces_the_names_of_every_cause() {
    let inner = Error::new(ErrorKind::Busy, "no room").with_remedies(&[Remedy::Wait]);
    let inner = inner.name_remedies(|_| "Limits::wait");
    let error = inner.wrapped(ErrorKind::Failed, "it failed").with_remedies(&[Remedy::Entries]);
    let methods = error.name_remedies(|_| "Limits::entries");
    assert_eq!(methods.report(), "it failed (`Limits::entries`): no room (`Limits::wait`)");
    let keys = methods.rename_remedies(|_| "a.key");
    assert_eq!(keys.report(), "it failed (`a.key`): no room (`a.key`)");
}
