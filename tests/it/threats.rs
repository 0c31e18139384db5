//! The threat model: each promise names a test, and each test that it names exists.

use std::{fs, path::Path};

/// A row of a table of promises: what is promised, and what holds it.
fn promises(page: &str) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let mut in_table = false;
    for line in page.lines() {
        let cells: Vec<_> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        match cells.as_slice() {
            ["promise", "held by"] => in_table = true,
            [promise, held_by] if in_table && !promise.starts_with("---") => {
                rows.push(((*promise).to_owned(), (*held_by).to_owned()));
            }
            [_, _] => {}
            _ => in_table = false,
        }
    }
    rows
}

/// The source of a test: `storage::name` is of `tests/it/storage.rs`, `host/core/src/memory.rs::name` of
/// that file.
fn source(module: &str) -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let path = if module.ends_with(".rs") {
        root.join(module)
    } else {
        root.join("tests/it").join(module.replace("::", "/")).with_extension("rs")
    };
    fs::read_to_string(path).ok()
}

fn is_test(source: &str, name: &str) -> bool {
    let head = format!("fn {name}(");
    source.match_indices(&head).any(|(at, _)| {
        let before = source.get(..at).unwrap_or_default();
        let last = before.rfind("\n\n").map_or(before, |start| &before[start..]);
        last.contains("#[test]") || last.contains("#[tokio::test")
    })
}

#[test]
fn every_promise_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let page = fs::read_to_string(root.join("host/docs/threats.md")).unwrap();
    let promises = promises(&page);
    assert!(promises.len() > 30, "{} promises were found", promises.len());
    for (promise, held_by) in &promises {
        let tests: Vec<_> = held_by.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "no test holds: {promise}");
        for test in tests {
            let (module, name) = test.rsplit_once("::").expect("module::name");
            let source =
                source(module).unwrap_or_else(|| panic!("no file for `{test}`: {promise}"));
            assert!(is_test(&source, name), "`{test}` is no test: {promise}");
        }
    }
}
