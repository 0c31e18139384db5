//! The library names no key of the configuration: its callers may have none. The code that reads the
//! configuration puts keys in place of methods, and names keys that exist.

use std::{collections::BTreeSet, fs, path::Path};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::{page, root, tables};

/// Crates that know no configuration.
const LIBRARY: [&str; 8] =
    ["conformance", "core", "pipeline", "plugin", "registry", "stores", "temporal", "wire"];

/// Returns the keys of the reference with their tables, such as `limits.memory` and `stage.plugin`.
fn keys() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for (section, rows) in tables(&page("configuration.md"), "key") {
        let table = section.trim_matches(['[', ']']);
        keys.extend(rows.keys().map(|key| format!("{table}.{key}")));
    }
    assert!(keys.contains("limits.memory") && keys.contains("grants.keys"), "{keys:?}");
    keys
}

/// Returns a key of the configuration that a text names.
fn named(text: &str, keys: &BTreeSet<String>) -> Option<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':');
    let words: BTreeSet<_> =
        text.split(|c| !is_part(c)).map(|word| word.trim_end_matches('.')).collect();
    let of_table = |key: &&String| words.contains(&***key);
    if let Some(key) = keys.iter().find(of_table) {
        return Some(key.clone());
    }
    for key in keys {
        let (table, last) = key.rsplit_once('.').unwrap();
        let first = table.split('.').next().unwrap();
        // A table as it is written in the file, and a key of it that is put in at run time.
        let written = [format!("[{table}]"), format!("[{first}."), format!("`{table}.{{")];
        if let Some(found) = written.into_iter().find(|table| text.contains(table)) {
            return Some(found);
        }
        // A word of two parts is no word of the language.
        let alone = [format!("`{last}`"), format!("{last} = ")];
        if last.contains('_') && alone.iter().any(|key| text.contains(key)) {
            return Some(last.to_owned());
        }
    }
    None
}

/// Collects the strings of code, documentation included, without what only tests compile.
fn strings(code: TokenStream, found: &mut Vec<String>) {
    let mut tokens = code.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) if is_test(&group) => {
                // The item that the attribute is about ends with its body.
                let ends = |token: &TokenTree| match token {
                    TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                    TokenTree::Punct(punct) => punct.as_char() == ';',
                    _ => false,
                };
                let _ = tokens.find(ends);
            }
            TokenTree::Group(group) => strings(group.stream(), found),
            TokenTree::Literal(literal) => found.push(literal.to_string()),
            _ => {}
        }
    }
}

fn is_test(group: &proc_macro2::Group) -> bool {
    let text: String = group.to_string().split_whitespace().collect();
    text == "[cfg(test)]"
}

fn read(path: &Path) -> Vec<String> {
    let mut found = Vec::new();
    strings(fs::read_to_string(path).unwrap().parse().unwrap(), &mut found);
    // A line that ends with a backslash goes on after the spaces of the next one.
    found.iter().map(|text| text.split("\\\n").map(str::trim_start).collect()).collect()
}

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_stem().is_some_and(|name| name == "tests");
        if path.is_dir() && !is_test {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            found.push(path);
        }
    }
}

#[test]
fn the_library_names_no_key() {
    let (keys, mut wrong) = (keys(), Vec::new());
    for crate_ in LIBRARY {
        let mut found = Vec::new();
        files(&root().join("host").join(crate_).join("src"), &mut found);
        assert!(found.len() > 10, "{crate_} has moved");
        for path in found {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            let strings = read(&path);
            wrong.extend(
                strings.iter().filter_map(|text| {
                    Some(format!("{name}: `{}` in {text}", named(text, &keys)?))
                }),
            );
        }
    }
    assert!(wrong.is_empty(), "name them by a `Remedy`:\n{}", wrong.join("\n"));
}

#[test]
fn a_key_in_a_text_is_found() {
    let keys = keys();
    for text in [
        "\"held more than {} handles (`limits.handles`)\"",
        "\"has {count}, and `limits.code.{key}` is {limit}\"",
        "\"is a codec: it goes into [[stage]]\"",
        "\"add it to [keys.{ring}.material]\"",
        "\"no more are allowed (`max_messages_per_key`)\"",
        "\"or `refresh_failure = \\\"warn\\\"`\"",
        "\"raise storage.time.\"",
    ] {
        assert!(named(text, &keys).is_some(), "{text}");
    }
    for text in ["\"(`Limits::handles`)\"", "\"storage.objects.get\"", "\"grant a key ring\""] {
        assert_eq!(named(text, &keys), None, "{text}");
    }
}

/// Every key that stands in place of a method is in the reference.
#[test]
fn errors_name_keys_that_exist() {
    let keys = keys();
    let mut tables: BTreeSet<_> =
        keys.iter().map(|key| key.rsplit_once('.').unwrap().0.to_owned()).collect();
    tables.extend(["required", "refresh_failure"].map(str::to_owned));
    let source = fs::read_to_string(root().join("host/src/config/remedy.rs")).unwrap();
    let source = source.split("/// Returns the text of an error of parts").next().unwrap();
    let mut count = 0;
    for arm in source.lines().filter_map(|line| line.trim().strip_prefix("Remedy::")) {
        let Some((_, name)) = arm.split_once("=> \"") else { continue };
        let name = name.trim_end_matches("\",").split(" = ").next().unwrap();
        let name = name.trim_matches(['[', ']']).replace("\\\"", "\"");
        let name = name.as_str();
        let is_method = name == "PipelineBuilder::with_codec_timeout";
        let is_command = name == "cloakroom plugin run --trace";
        assert!(
            is_method || is_command || keys.contains(name) || tables.contains(name),
            "`{name}` is no key"
        );
        count += 1;
    }
    assert!(count > 60, "{count} keys were found");
}
