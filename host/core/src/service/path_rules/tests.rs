//! Ways out of a prefix, as servers and proxies have read them.

use super::*;

#[test]
fn ordinary_paths_pass_as_they_are() {
    for path in [
        "",
        "objects/1",
        "objects/",
        "a-b_c~d/e.f/...g",
        "?list=all",
        "o?name=a%20b&x=y?z",
        "wf%2F1/%C3%A9/100%25",
        "a:b@c,d;e=f/(g)!$&*+=",
        "..a/b..",
        "v1.0;type=x/y",
        "o?path=../../x",
    ] {
        assert_eq!(check_path(path), Ok(()), "{path}");
    }
}

#[test]
fn no_path_leaves_the_prefix() {
    for path in [
        "..",
        ".",
        "../x",
        "a/../../x",
        "a/./b",
        "a/..",
        "/x",
        "//other.example/x",
        "a//b",
        "http://other.example/",
        "%2e%2e/x",
        "%2E./x",
        ".%2e/x",
        "a/%2e%2e%2fx",
        "a%2f..%2f..%2fx",
        "a%2f%2fb",
        "%2fx",
        "%252e%252e/x",
        "%25252e%25252e%25252fx",
        "..%5cx",
        "a\\..\\x",
        "..;/x",
        "..;a=b/x",
        "%2e%2e%3b/x",
        ".../x",
        "..%20/x",
        "%20/x",
        "%c0%ae%c0%ae/x",
        "%ef%bc%8e%ef%bc%8e/x",
        "..%ef%bc%8fx",
        "a%e2%88%95..%e2%88%95x",
        "%u002e%u002e/x",
    ] {
        assert!(check_path(path).is_err(), "{path}");
    }
}

#[test]
fn a_path_is_one_line_of_plain_characters() {
    for path in [
        "a b",
        "a\r\nhost: x",
        "a%0d%0ahost: x",
        "a%0d%0a",
        "a%00",
        "a?b=%0d%0a",
        "a#b",
        "é",
        "a%",
        "a%2",
        "a%zz",
        "a?b#c",
        "a\"b",
        "a<b>",
        "a[b]",
        "a{b}",
        "a|b",
        "a^b",
        "a'b",
        "%ff",
    ] {
        assert!(check_path(path).is_err(), "{path}");
    }
    assert!(check_path(&"a".repeat(BYTES)).is_ok() && check_path(&"a".repeat(BYTES + 1)).is_err());
    assert!(check_path("%2525252525252e").is_err(), "escaped without end");
}

/// Resolves a path as a lenient server does: it takes backslashes for slashes, drops parameters, empty
/// segments and dots, and goes up at two dots. Returns whether it stays below its start.
fn stays_below(path: &str) -> bool {
    let mut depth = 0;
    for segment in path.split(['/', '\\']) {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." if depth == 0 => return false,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    true
}

proptest::proptest! {
    /// Whatever passes stays below the prefix at each level of escapes, for the most lenient of servers.
    #[test]
    fn what_passes_stays_below_for_any_server(
        path in "(\\.|/|%|2|5|e|E|f|F|c|;|a|\\\\|%2e|%2f|%5c|%25|\\.\\.|\\?){0,24}",
    ) {
        if check_path(&path).is_ok() {
            let mut bytes = path.split('?').next().unwrap_or_default().as_bytes().to_vec();
            for _ in 0..8 {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                proptest::prop_assert!(stays_below(&text), "{path} reads as {text}");
                proptest::prop_assert!(!text.starts_with('/'), "{path} reads as {text}");
                bytes = unescape(&bytes);
            }
        }
    }
}
