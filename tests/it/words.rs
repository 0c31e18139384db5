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

/// How many of both each part still has. The numbers must only become lower.
const LEFT: [(&str, usize, usize); 11] = [
    ("README.md", 0, 0),
    ("examples", 1, 26),
    ("guest-codecs", 3, 38),
    ("host/cli", 3, 35),
    ("host/core", 0, 30),
    ("host/docs", 3, 16),
    ("host/pipeline", 5, 51),
    ("host/plugin", 10, 70),
    ("host/src", 7, 34),
    ("host/stores", 2, 18),
    ("host/temporal", 5, 40),
];

#[test]
fn texts_are_plain() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut report = String::new();
    for (part, riddles, questions) in LEFT {
        let mut files = Vec::new();
        texts(&root.join(part), &mut files);
        assert!(!files.is_empty(), "{part} has moved");
        let (mut found_riddles, mut found_questions) = (Vec::new(), Vec::new());
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            let is_code = file.extension().is_some_and(|extension| extension == "rs");
            let mut is_doc = false;
            for (number, line) in text.lines().enumerate() {
                let name = file.strip_prefix(root).unwrap().display();
                let found = format!("{name}:{}: {}", number + 1, line.trim());
                let was_doc = is_doc;
                let Some(words) = words(line, is_code, &mut is_doc) else { continue };
                if RIDDLES.iter().any(|riddle| format!(" {words} ").contains(riddle)) {
                    found_riddles.push(found.clone());
                }
                // In prose each line is a sentence, in code a sentence may go on in a line.
                let begins = is_doc && (!is_code || !was_doc);
                if begins && QUESTIONS.iter().any(|question| words.starts_with(question)) {
                    found_questions.push(found);
                }
            }
        }
        for (what, allowed, found) in
            [("riddles", riddles, found_riddles), ("questions", questions, found_questions)]
        {
            if found.len() > allowed {
                let lines = found.join("\n  ");
                report +=
                    &format!("{part}: {} {what}, {allowed} at most:\n  {lines}\n", found.len());
            } else if found.len() < allowed {
                report += &format!("{part}: {} {what} are left: lower the number\n", found.len());
            }
        }
    }
    assert!(report.is_empty(), "{report}");
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
    } else if path.file_name().is_none_or(|name| name != "target") {
        let mut entries: Vec<_> =
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        entries.iter().for_each(|entry| texts(entry, files));
    }
}
