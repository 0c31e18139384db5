//! The contract's text. Plugins that were built against it must load in every later host of its line.

use std::{collections::BTreeSet, fs, path::Path};

/// Interfaces that a plugin exports. A function more would be missing in old plugins, so these are frozen
/// whole; all others may grow.
const EXPORTED: [&str; 2] = ["interface codec", "interface driver"];

/// Returns the statements of a folder of WIT files, each behind the names of what it stands in. Comments
/// and the version are left out.
fn statements(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut statements = BTreeSet::new();
    for file in files.filter(|path| path.extension().is_some_and(|extension| extension == "wit")) {
        let text = fs::read_to_string(file).unwrap();
        let code: Vec<_> =
            text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
        read(&code.join(" "), &mut statements);
    }
    statements
}

fn read(code: &str, statements: &mut BTreeSet<String>) {
    let (mut scopes, mut text, mut depth) = (Vec::<String>::new(), String::new(), 0);
    for character in code.chars() {
        let ends = match character {
            // A record, a variant or a list of names is one statement, with all that is in its braces.
            '{' if depth == 0 && is_scope(&text) => {
                scopes.push(words(&std::mem::take(&mut text)));
                continue;
            }
            '}' if depth == 0 => {
                scopes.pop();
                continue;
            }
            '{' => {
                depth += 1;
                false
            }
            '}' => {
                depth -= 1;
                depth == 0 && !text.trim_start().starts_with("use ")
            }
            ';' => depth == 0,
            _ => false,
        };
        if character != ';' {
            text.push(character);
        }
        if ends {
            let statement = words(&std::mem::take(&mut text));
            if !statement.starts_with("package ") {
                statements.insert([scopes.join(": "), statement].join(": "));
            }
        }
    }
    assert!(scopes.is_empty() && text.trim().is_empty(), "not understood: {scopes:?} {text}");
}

fn is_scope(text: &str) -> bool {
    ["interface ", "world ", "resource "].iter().any(|word| text.trim_start().starts_with(word))
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Nothing of 0.1.0 has changed or vanished. What is new stands in interfaces that plugins import, in
/// interfaces of its own, and in worlds.
#[test]
fn grows_and_changes_nothing() {
    let (before, now) = (statements("tests/data/contract-0.1.0/wit"), statements("wit/v0.1"));
    assert!(before.len() > 60, "the files of 0.1.0 are not there");
    let lost: Vec<_> = before.difference(&now).collect();
    assert!(lost.is_empty(), "changed or vanished: {lost:#?}");
    let worlds: BTreeSet<_> = before.iter().filter_map(|line| scope(line, "world ")).collect();
    for line in now.difference(&before) {
        let frozen = EXPORTED.iter().any(|interface| line.starts_with(interface));
        assert!(!frozen, "plugins of 0.1.0 do not export this: {line}");
        // A plugin of an old world exports nothing more. `host-side` is no plugin's.
        let world = scope(line, "world ").filter(|world| *world != "world host-side");
        let is_old = world.is_some_and(|world| worlds.contains(world));
        assert!(!(is_old && line.contains(": export ")), "an old world exports more: {line}");
    }
}

fn scope<'a>(line: &'a str, kind: &str) -> Option<&'a str> {
    line.split(": ").next().filter(|scope| scope.starts_with(kind))
}

/// A change of a type, of a function or of a name would be found.
#[test]
fn changes_are_found() {
    let mut statements = BTreeSet::new();
    let text = "package a:b@0.1.0; interface i { use t.{x}; record r { a: u8, b: u8, } \
                enum e { one } resource s { f: func() -> u8; } g: func(a: u8) -> x; } \
                world w { import i; export j; }";
    read(text, &mut statements);
    let expect = [
        "interface i: enum e { one }",
        "interface i: g: func(a: u8) -> x",
        "interface i: record r { a: u8, b: u8, }",
        "interface i: resource s: f: func() -> u8",
        "interface i: use t.{x}",
        "world w: export j",
        "world w: import i",
    ];
    assert!(statements.iter().map(String::as_str).eq(expect), "{statements:#?}");
}

/// The version stands in every file, and the crates name it nowhere else.
#[test]
fn has_one_version() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/v0.1");
    for file in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let line = format!("package cloakroom:plugin@{};", cloakroom::inspect::CONTRACT);
        assert_eq!(text.lines().next(), Some(&*line));
    }
}
