//! Snapshots of texts that operators read.

use std::{
    collections::HashMap,
    env, fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

use expect_test::Expect;

/// Compares a text with its snapshot, after [`normalise`].
///
/// `facts` must be in it however its words change: names, numbers, lines and codes. With the
/// variable `UPDATE_EXPECT` set, the snapshot is rewritten in its source instead.
///
/// # Panics
/// If the text is not the snapshot or lacks a fact.
#[track_caller]
pub fn assert_text(text: &str, facts: &[&str], snapshot: &Expect) {
    // A fact may be a plain number, and the text may group its digits.
    let plain = ungrouped(text);
    for fact in facts {
        assert!(text.contains(fact) || plain.contains(fact), "no `{fact}` in: {text}");
    }
    // With a line break at its end a snapshot is always a block, which rustfmt leaves as it is.
    let text = normalise(text.trim_end()) + "\n";
    if env::var_os("UPDATE_EXPECT").is_some() && !is_first(snapshot, &text) {
        return;
    }
    snapshot.assert_eq(&text);
}

/// Removes the commas between digits.
fn ungrouped(text: &str) -> String {
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let mut before = None;
    let mut rest = text.chars();
    let mut plain = String::with_capacity(text.len());
    while let Some(c) = rest.next() {
        if c != ',' || !is_digit(before) || !is_digit(rest.clone().next()) {
            plain.push(c);
        }
        before = Some(c);
    }
    plain
}

/// Compares several texts with one snapshot, a line each.
///
/// # Panics
/// If the lines are not the snapshot.
#[track_caller]
pub fn assert_texts(texts: &[String], snapshot: &Expect) {
    assert_text(&texts.join("\n"), &[], snapshot);
}

/// Tells whether a snapshot that is being rewritten is seen for the first time: `expect-test`
/// would garble the source of one that a loop or two tests rewrite twice.
#[track_caller]
fn is_first(snapshot: &Expect, text: &str) -> bool {
    static SEEN: Mutex<Option<HashMap<String, String>>> = Mutex::new(None);
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let place = snapshot.position.to_string();
    match seen.get_or_insert_default().insert(place.clone(), text.to_owned()) {
        None => true,
        Some(before) => {
            assert_eq!(before, text, "one snapshot for two texts: {place}");
            false
        }
    }
}

/// Replaces the parts of a text that differ between machines and runs: folders of this run, ports
/// that the system chose, digests, ages, times of day, measured durations and offsets in built files.
#[must_use]
pub fn normalise(text: &str) -> String {
    let mut text = text.to_owned();
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    let temporary = env::temp_dir();
    let temporary = fs::canonicalize(&temporary).unwrap_or(temporary);
    for (folder, name) in [
        (crate::compile_cache().as_path(), "[cache]"),
        (workspace, "[workspace]"),
        (&temporary, "[tmp]"),
    ] {
        text = text.replace(&folder.display().to_string(), name);
    }
    let is_hex = |c: char| c.is_ascii_hexdigit();
    let is_digit = |c: char| c.is_ascii_digit();
    let text = replace_run(&text, "[tmp]/.tmp", char::is_alphanumeric, 6, "[folder]");
    let text = replace_run(&text, "127.0.0.1:", is_digit, 5, "127.0.0.1:[port]");
    let text = replace_run(&text, "0.0.0.0:", is_digit, 5, "0.0.0.0:[port]");
    let text = replace_run(&text, "", is_hex, 64, "[digest]");
    let text = replace_between(&text, "is stored again is ", " old (", "[age]");
    let text = replace_between(&text, " and computed ", " of it", "[duration]");
    replace_words(&text)
}

/// Replaces everything between `start` and the next `end`.
fn replace_between(text: &str, start: &str, end: &str, with: &str) -> String {
    let mut parts = text.split(start);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += start;
        out += &part.find(end).map_or(part.to_owned(), |at| with.to_owned() + &part[at..]);
    }
    out
}

/// Replaces times of day, measured durations, which have a fraction, and offsets in files.
fn replace_words(text: &str) -> String {
    let units = ["ns", "µs", "ms", "s"];
    let is_number =
        |text: &str| text.contains('.') && text.split('.').all(|part| part.parse::<u32>().is_ok());
    let replaced = |word: &str| {
        let bytes = word.as_bytes();
        if bytes.len() > 20 && bytes.get(10) == Some(&b'T') && word.ends_with('Z') {
            return "[time]".to_owned();
        }
        if units.iter().any(|unit| word.strip_suffix(unit).is_some_and(is_number)) {
            return "[duration]".to_owned();
        }
        match word.split_once("0x") {
            Some(("", offset)) => {
                let end = offset.trim_start_matches(|c: char| c.is_ascii_hexdigit());
                format!("[offset]{end}")
            }
            _ => word.to_owned(),
        }
    };
    let words = text.split_inclusive([' ', '\n']).map(|word| {
        let end = word.trim_end_matches([' ', '\n']).len();
        replaced(&word[..end]) + &word[end..]
    });
    words.collect()
}

/// Replaces the number of a payload, where all payloads of a batch fail and any may be the first.
#[must_use]
pub fn without_slot(text: &str) -> String {
    let mut parts = text.split("coding payload ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += "coding payload N";
        out += part.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    out
}

/// Replaces `start` and exactly `length` characters of a kind that follow it.
fn replace_run(
    text: &str,
    start: &str,
    is_part: impl Fn(char) -> bool,
    length: usize,
    with: &str,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let run = rest.strip_prefix(start).filter(|_| !start.is_empty() || !is_part(before));
        let run = run.map_or(0, |after| after.chars().take_while(|c| is_part(*c)).count());
        if run == length {
            out.push_str(with);
            rest = &rest[start.len() + length..];
            before = ']';
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            before = first;
        }
    }
    out
}
