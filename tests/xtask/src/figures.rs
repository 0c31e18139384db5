//! `cargo xtask figures`: writes what was measured into the README and the page about performance.
//!
//! The figures are in `tests/benches/figures.json`, where `cargo xtask bench BENCH --json` has put them.

mod measured;
mod promises;

use std::fs;

use anyhow::{Context as _, Result};

use self::measured::Measured;
use crate::run::{root, say};

/// Figures of the benchmarks' last runs.
const FILE: &str = "tests/benches/figures.json";

/// Line before the paragraph that is written.
const MARK: &str = "<!-- `cargo xtask figures` writes this -->\n";

/// Writes a paragraph with figures.
type Paragraph = fn(&Measured) -> Result<String>;

/// Pages, and the paragraph in each.
const PAGES: [(&str, Paragraph); 2] =
    [("README.md", promises::of_readme), ("host/docs/performance.md", promises::of_page)];

/// Writes the lines of each page.
pub(crate) fn write() -> Result<()> {
    let measured = read()?;
    for (page, lines) in PAGES {
        let path = root().join(page);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {page}"))?;
        fs::write(&path, replaced(&text, &lines(&measured)?).with_context(|| page.to_owned())?)?;
        say(&format!("{page} says what {FILE} holds."));
    }
    Ok(())
}

fn read() -> Result<Measured> {
    let text =
        fs::read_to_string(root().join(FILE)).with_context(|| format!("cannot read {FILE}"))?;
    Measured::parse(&text)
}

/// Returns a page with another paragraph behind the mark.
fn replaced(page: &str, paragraph: &str) -> Result<String> {
    let (before, after) =
        page.split_once(MARK).with_context(|| format!("the page has no line `{}`", MARK.trim()))?;
    let lines = after.split_inclusive('\n').take_while(|line| !line.trim().is_empty());
    let (_, after) = after.split_at(lines.map(str::len).sum());
    Ok(format!("{before}{MARK}{paragraph}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_say_what_was_measured() {
        let measured = read().unwrap();
        for (page, lines) in PAGES {
            let text = fs::read_to_string(root().join(page)).unwrap();
            let expect = replaced(&text, &lines(&measured).unwrap()).unwrap();
            assert!(
                text == expect,
                "{page} says something else than {FILE}: `cargo xtask figures`"
            );
        }
    }

    /// A figure that nobody generates would drift.
    #[test]
    fn the_readme_has_no_other_figures_of_speed() {
        let text = fs::read_to_string(root().join("README.md")).unwrap();
        let typed = replaced(&text, "").unwrap();
        for word in [" µs", " ms ", " times as ", " as fast as ", "/s "] {
            assert!(
                !typed.contains(word),
                "`{word}` stands in the README, where no bench writes it"
            );
        }
    }

    #[test]
    fn replaces_the_paragraph_behind_the_mark() {
        let new = format!("a\n{MARK}new\n\nb\n");
        for old in ["", "old\n", "old\nolder\n"] {
            assert_eq!(replaced(&format!("a\n{MARK}{old}\nb\n"), "new\n").unwrap(), new);
        }
        assert!(replaced("a\n", "new\n").is_err());
    }
}
