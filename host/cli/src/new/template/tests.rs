//! Tests of the templates.

use clap::ValueEnum as _;

use super::*;

fn all() -> impl Iterator<Item = (Kind, Language, Vec<File>)> {
    let pairs = Language::value_variants()
        .iter()
        .flat_map(|lang| Kind::value_variants().iter().map(move |kind| (*kind, *lang)));
    pairs.map(|(kind, lang)| {
        (kind, lang, Template::new(kind, lang, "coat-check", Some(&Sdk::Published)).files())
    })
}

#[test]
fn every_repository_is_complete() {
    for (kind, lang, files) in all() {
        let wanted = [
            ".github/workflows/check.yml",
            ".gitignore",
            "README.md",
            "build.sh",
            "check.sh",
            "cloakroom.toml",
            "test.sh",
        ];
        for name in wanted {
            assert!(files.iter().any(|file| file.path == name), "{kind:?} in {lang:?}: no {name}");
        }
        let has_contract = files.iter().any(|file| file.path == "wit/codec.wit");
        assert_eq!(has_contract, lang != Language::Rust, "{lang:?}");
    }
}

#[test]
fn nothing_is_left_to_fill_in() {
    for (kind, lang, files) in all() {
        for File { path, text } in files {
            // Other languages have two braces in a row, too, but no lower-case word behind them.
            let is_word = |rest: &str| rest.starts_with(|c: char| c.is_ascii_lowercase());
            let left = text.split("{{").skip(1).find(|rest| is_word(rest));
            assert!(left.is_none(), "{kind:?} in {lang:?}: {path}");
            assert!(!path.contains(".in") && !path.contains("dot-"), "{path}");
        }
    }
}

#[test]
fn names_of_templates_become_names_of_files() {
    assert_eq!(target("dot-github/workflows/check.yml"), ".github/workflows/check.yml");
    assert_eq!(target("Cargo.toml.in"), "Cargo.toml");
    assert_eq!(target("src/lib.rs"), "src/lib.rs");
}
