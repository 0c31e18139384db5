//! Words that must not come back in documentation, comments and error texts.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Phrases that a reader has to guess at.
const RIDDLES: [&str; 12] = [
    " of now",
    " to be.",
    " in the making",
    " is told",
    " are told",
    " is dear",
    " what of ",
    " end of its own",
    " be it ",
    " failed to ",
    " comes to an end",
    " came to an end",
];

/// A documentation line states what an item is or does instead of asking.
const QUESTIONS: [&str; 5] = ["What ", "How ", "Why ", "Who ", "Whose "];

/// Parts of the repository that are read by users and maintainers.
const PARTS: [&str; 17] = [
    "README.md",
    "examples",
    "guest-codecs",
    "host/cli",
    "host/core",
    "host/dapr",
    "host/docs",
    "host/grpc",
    "host/keys",
    "host/kms",
    "host/pipeline",
    "host/plugin",
    "host/registry",
    "host/src",
    "host/stores",
    "host/temporal",
    "tests",
];

#[test]
fn texts_are_plain() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for part in PARTS {
        let mut files = Vec::new();
        texts(&root.join(part), &mut files);
        assert!(!files.is_empty(), "{part} has moved");
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            let is_code = file.extension().is_some_and(|extension| extension == "rs");
            let mut is_doc = false;
            for (number, line) in text.lines().enumerate() {
                let was_doc = is_doc;
                let Some(words) = words(line, is_code, &mut is_doc) else { continue };
                // Strings of tests are data, such as texts of other programs and the lists above.
                if part == "tests" && is_code && !line.trim_start().starts_with("//") {
                    continue;
                }
                let is_riddle = RIDDLES.iter().any(|riddle| format!(" {words} ").contains(riddle));
                // In prose each line is a sentence, in code a sentence may go on in a line.
                let begins = is_doc && (!is_code || !was_doc);
                let asks = begins && QUESTIONS.iter().any(|word| words.starts_with(word));
                if is_riddle || asks {
                    let name = file.strip_prefix(root).unwrap().display();
                    found.push(format!("{name}:{}: {}", number + 1, line.trim()));
                }
            }
        }
    }
    assert!(found.is_empty(), "write these plainly:\n{}", found.join("\n"));
}

/// Returns the prose of a line: a comment or the strings of code, or a sentence of a page.
fn words(line: &str, is_code: bool, is_doc: &mut bool) -> Option<String> {
    let line = line.trim();
    if !is_code {
        *is_doc = true;
        return (!line.starts_with('#')).then(|| line.trim_start_matches("- ").to_owned());
    }
    let doc = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
    *is_doc = doc.is_some();
    if let Some(comment) = doc.or_else(|| line.strip_prefix("//")) {
        return Some(comment.trim().to_owned());
    }
    // A string that goes on in the next line is prose as well.
    let is_text = line.contains('"') || line.ends_with('\\');
    is_text.then(|| line.to_owned())
}

fn texts(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_file() {
        if path.extension().is_some_and(|extension| extension == "rs" || extension == "md") {
            files.push(path.to_owned());
        }
    } else if path.file_name().is_none_or(|name| name != "target" && name != "node_modules") {
        let mut entries: Vec<_> =
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        entries.iter().for_each(|entry| texts(entry, files));
    }
}
