//! Tests of settings.

use super::*;

#[track_caller]
fn check<T: std::fmt::Debug>(result: Result<T, Error>, expect: &str) {
    assert_eq!(result.unwrap_err(), Error::Misconfigured(expect.to_owned()));
}

#[test]
fn numbers_are_within_their_range() {
    let level = |written: &str| Settings::from([("level", written)]).number("level", 1..=12, 3);
    assert_eq!(Settings::default().number("level", 1..=12, 3), Ok(3));
    assert_eq!(level("12"), Ok(12));
    for written in ["13", "0", "-1", "x", "", "1.5"] {
        check(level(written), "setting `level` must be a number from 1 to 12");
    }
}

#[test]
fn flags_are_true_or_false() {
    let flag = |written: &str| Settings::from([("on", written)]).flag("on");
    assert_eq!(Settings::default().flag("on"), Ok(false));
    assert_eq!(flag("false"), Ok(false));
    assert_eq!(flag("true"), Ok(true));
    check(flag("yes"), "setting `on` must be true or false");
}

#[test]
fn a_choice_names_its_words() {
    let format = |written: &str| Settings::from([("format", written)]);
    let words = [("a", 1), ("b", 2)];
    assert_eq!(Settings::default().choice("format", &words), Ok(None));
    assert_eq!(format("b").choice("format", &words), Ok(Some(2)));
    check(format("B").choice("format", &words), "setting `format` must be `a` or `b`");
}

#[test]
fn needed_settings_are_asked_for() {
    assert_eq!(Settings::from([("ring", "main")]).required("ring"), Ok("main"));
    check(Settings::default().required("ring"), "setting `ring` is needed");
}

#[test]
fn unparsable_settings_say_why() {
    let settings = Settings::from([("port", "x")]);
    check(settings.parse::<u16>("port"), "setting `port`: invalid digit found in string");
    assert_eq!(settings.parse::<u16>("other"), Ok(None));
}

#[test]
fn unknown_names_are_refused() {
    let given = Settings::from([("level", "3"), ("levle", "3")]);
    assert_eq!(given.refuse_unknown(&["level", "levle"]), Ok(()));
    check(given.refuse_unknown(&["level"]), "unknown setting `levle`: did you mean `level`?");
    let given = Settings::from([("colour", "red")]);
    let known = ["level", "ring"];
    check(
        given.refuse_unknown(&known),
        "unknown setting `colour`: this plugin knows `level`, `ring`",
    );
    check(given.refuse_unknown(&[]), "unknown setting `colour`: this plugin has none");
}
