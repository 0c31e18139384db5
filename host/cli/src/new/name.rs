//! Names of plugins.

use super::args::Language;

/// Longest name. It is part of an encoding or a driver's name, which each payload or reference holds.
const LONGEST: usize = 64;

/// Words that Rust does not take as the name of a package.
const RUST: [&str; 44] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "test", "trait", "true", "type", "use",
];

/// Refuses a name that a manifest, an encoding or a claim could not hold.
///
/// # Errors
/// If the name cannot be used, with the reason and an example.
pub(super) fn check(name: &str, lang: Language) -> Result<(), String> {
    let refuse = |why: &str| {
        Err(format!("`{name}` is no name for a plugin: {why}; choose one such as `invoice-codec`"))
    };
    let is_kebab = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if name.len() > LONGEST {
        return refuse("it is longer than 64 characters");
    }
    if !name.split('-').all(is_kebab) {
        return refuse(
            "a name is words of lower-case letters and digits, each with a letter first, joined by \
             hyphens",
        );
    }
    if lang == Language::Rust && RUST.contains(&name) {
        return refuse("Rust keeps this word to itself");
    }
    if name == "cloakroom" || name.starts_with("cloakroom-") {
        return refuse("names that start with `cloakroom` belong to Cloakroom's own packages");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expect: Option<&str>) {
        let refused = super::check(name, Language::Rust).err();
        assert_eq!(refused.is_some(), expect.is_some(), "{name}: {refused:?}");
        if let (Some(refused), Some(expect)) = (refused, expect) {
            assert!(refused.contains(expect), "{refused}");
        }
    }

    #[test]
    fn takes_words_with_hyphens() {
        check("reverse", None);
        check("invoice-codec2", None);
    }

    #[test]
    fn refuses_what_manifests_and_encodings_cannot_hold() {
        for name in
            ["", "-a", "a-", "a--b", "Reverse", "my_codec", "2fast", "a-2", "a/b", "..", "ä"]
        {
            check(name, Some("lower-case letters"));
        }
        check(&"a".repeat(65), Some("64 characters"));
        check("match", Some("keeps this word"));
        check("cloakroom-zstd", Some("own packages"));
    }

    #[test]
    fn words_of_rust_are_free_elsewhere() {
        assert!(super::check("match", Language::Go).is_ok());
    }
}
