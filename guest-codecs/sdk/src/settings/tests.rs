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
    assert_eq!(Settings::default().one_of("format", &words), Ok(None));
    assert_eq!(format("b").one_of("format", &words), Ok(Some(2)));
    check(format("B").one_of("format", &words), "setting `format` must be `a` or `b`");
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
    let text = |name| Setting::text(name, "");
    let given = Settings::from([("level", "3"), ("levle", "3")]);
    assert_eq!(given.check(&[text("level"), text("levle")]), Ok(()));
    check(given.check(&[text("level")]), "unknown setting `levle`: did you mean `level`?");
    let given = Settings::from([("colour", "red")]);
    let known = [text("level"), text("ring")];
    check(given.check(&known), "unknown setting `colour`: this plugin knows `level`, `ring`");
    check(given.check(&[]), "unknown setting `colour`: this plugin has none");
}

#[test]
fn values_are_checked_as_the_host_does() {
    let given = |value: &str| Settings::from([("s", value)]);
    let refuse = |setting: Setting, value, expect| check(given(value).check(&[setting]), expect);
    refuse(Setting::flag("s", ""), "yes", "setting `s` must be true or false");
    refuse(Setting::integer("s", 1..=3, ""), "4", "setting `s` must be a number from 1 to 3");
    refuse(Setting::one_of("s", &["a", "b"], ""), "c", "setting `s` must be `a` or `b`");
    refuse(
        Setting::duration("s", ""),
        "5",
        "setting `s` must be a whole number above 0 and ms, s, m, h or d, such as 5s",
    );
    refuse(
        Setting::size("s", 0..=1024, ""),
        "2KiB",
        "setting `s` must be a whole number and B, KiB, MiB or GiB, from 0 to 1024 bytes",
    );
    check(Settings::default().check(&[Setting::text("s", "").required()]), "setting `s` is needed");
    for setting in [Setting::text("s", ""), Setting::lines("s", ""), Setting::name_of("s", "x", "")]
    {
        assert_eq!(given("any").check(&[setting]), Ok(()));
    }
}

#[test]
fn a_described_number_is_read_with_its_default() {
    const LEVEL: Setting = Setting::integer("level", -3..=300, "").with_default("7");
    assert_eq!(Settings::default().integer::<u8>(&LEVEL), Ok(7));
    assert_eq!(Settings::from([("level", "-3")]).integer::<i64>(&LEVEL), Ok(-3));
    let wrong = Settings::from([("level", "-1")]).integer::<u8>(&LEVEL);
    check(wrong, "setting `level` must be a number from -3 to 300");
    let needed = Setting::integer("level", 0..=1, "").required();
    check(Settings::default().integer::<u8>(&needed), "setting `level` is needed");
}

#[test]
fn sizes_and_times_have_units() {
    let given = Settings::from([("size", "4KiB"), ("time", "2m"), ("none", "x")]);
    assert_eq!(given.size("size"), Ok(Some(4096)));
    assert_eq!(given.duration("time"), Ok(Some(Duration::from_secs(120))));
    assert_eq!(given.size("other"), Ok(None));
    check(given.size("none"), "setting `none` must be a size, such as 64MiB");
    assert!(given.duration("none").is_err());
    assert_eq!(given.lines("other").count(), 0);
}
