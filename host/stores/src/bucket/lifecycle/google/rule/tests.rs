//! Rules as Google writes them, and what they do to wrapped keys.

use serde_json::json;

use super::*;

const PREFIX: &str = "cloakroom/wrapped-keys/";

fn rules(rules: &Value) -> Configuration {
    let answer = json!({"kind": KIND, "lifecycle": {"rule": rules}}).to_string();
    Configuration::parse(answer.as_bytes()).expect("rules")
}

#[track_caller]
fn check(action: &str, condition: Value, expect: Verdict) {
    let rule = json!({"action": {"type": action}, "condition": condition});
    assert_eq!(judge(&rule, PREFIX), expect, "{rule}");
}

#[test]
fn a_rule_covers_what_it_deletes_some_day() {
    for condition in [
        json!({"age": 30}),
        json!({"age": 0, "isLive": true}),
        json!({"age": 1, "numNewerVersions": 0}),
        json!({"age": 1, "matchesPrefix": ["v0/", "cloak"]}),
        json!({"age": 1, "matchesPrefix": ["cloakroom/wrapped-keys/ab"]}),
        json!({"age": 1, "matchesPrefix": [""], "matchesSuffix": [".tmp", "0"]}),
    ] {
        check("Delete", condition, Verdict::Covers);
    }
    check("Delete", json!({}), Verdict::Covers);
}

#[test]
fn a_rule_spares_what_one_of_its_conditions_never_meets() {
    for condition in [
        json!({"age": 1, "matchesPrefix": ["v0/", "tmp/"]}),
        json!({"age": 1, "matchesSuffix": [".tmp", "Z"]}),
        json!({"age": 1, "isLive": false}),
        json!({"numNewerVersions": 3}),
        json!({"daysSinceNoncurrentTime": 7}),
        json!({"noncurrentTimeBefore": "2026-01-01"}),
        json!({"daysSinceCustomTime": 7}),
        json!({"customTimeBefore": "2026-01-01"}),
        json!({"matchesPattern": "x", "matchesPrefix": ["v0/"]}),
    ] {
        check("Delete", condition, Verdict::Spares);
    }
    for action in ["SetStorageClass", "AbortIncompleteMultipartUpload"] {
        check(action, json!({"age": 1}), Verdict::Spares);
    }
}

#[test]
fn what_is_not_known_is_named_and_not_guessed() {
    for (name, value) in [
        ("createdBefore", json!("2027-01-01")),
        ("matchesStorageClass", json!(["STANDARD"])),
        ("matchesPattern", json!("x")),
        ("matchesPrefix", json!("v0/")),
        ("matchesSuffix", json!([])),
        ("matchesPrefix", json!(["v0/", 7])),
        ("isLive", json!("no")),
    ] {
        let part = format!("condition `{name}`");
        check("Delete", json!({"age": 1, name: value}), Verdict::Unknown(part));
    }
    check("Move", json!({"age": 1}), Verdict::Unknown("action `Move`".to_owned()));
    check("Move", json!({"isLive": false}), Verdict::Spares);
    check("Delete", json!([]), Verdict::Unknown("condition".to_owned()));
}

#[test]
fn a_rule_that_covers_goes_before_one_that_is_not_known() {
    let delete = |condition| json!({"action": {"type": "Delete"}, "condition": condition});
    let (unknown, covers) = (delete(json!({"matchesPattern": "x"})), delete(json!({"age": 1})));
    let spares = delete(json!({"isLive": false}));
    let both = rules(&json!([spares, unknown, covers]));
    assert_eq!(both.covering(PREFIX), Ok(vec!["number 3".to_owned()]));
    let why = rules(&json!([spares, unknown])).covering(PREFIX).unwrap_err();
    assert!(why.contains("number 2") && why.contains("`matchesPattern`"), "{why}");
    assert_eq!(rules(&json!([spares])).covering(PREFIX), Ok(Vec::new()));
}

#[test]
fn an_answer_about_something_else_is_no_bucket_without_rules() {
    let parse = |text: &str| Configuration::parse(text.as_bytes());
    for none in [r#"{"kind":"storage#bucket"}"#, r#"{"kind":"storage#bucket","lifecycle":{}}"#] {
        assert_eq!(parse(none).expect(none).covering(PREFIX), Ok(Vec::new()));
    }
    for other in [
        "",
        "{}",
        "[]",
        "<html>",
        r#"{"kind":"storage#object"}"#,
        r#"{"kind":"storage#bucket","lifecycle":[]}"#,
        r#"{"kind":"storage#bucket","lifecycle":{"rule":{}}}"#,
    ] {
        assert!(parse(other).is_none(), "{other}");
    }
}
