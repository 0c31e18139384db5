//! Checks of the documentation: every error has an entry; commands, anchors and functions exist.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use cloakroom::ErrorKind;

use crate::cli::binary;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn page() -> String {
    fs::read_to_string(root().join("host/docs/troubleshooting.md")).unwrap()
}

/// Returns the pages of the documentation, those for authors included.
pub(crate) fn page_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in ["host/docs", "host/docs/authors"] {
        let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        files.extend(entries.filter(|path| path.is_file()));
    }
    files
}

/// A section of the page: its heading, and its text up to the next.
fn sections(page: &str) -> Vec<(String, String)> {
    let mut sections: Vec<(String, String)> = Vec::new();
    let mut in_code = false;
    for line in page.lines() {
        in_code ^= line.starts_with("```");
        match line.strip_prefix("##").filter(|_| !in_code) {
            Some(heading) => {
                let heading = heading.trim_start_matches('#').trim();
                sections.push((heading.to_owned(), String::new()));
            }
            None => {
                if let Some((_, text)) = sections.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    sections
}

/// The words of the kinds that the source has, wherever else they are listed.
fn words_in_source() -> BTreeSet<String> {
    let source = fs::read_to_string(root().join("host/core/src/error_kind.rs")).unwrap();
    let word = source.split("pub fn as_str(").nth(1).unwrap().split("\n    }\n").next().unwrap();
    word.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_kind_of_error_is_listed() {
    let listed: BTreeSet<_> = ErrorKind::ALL.iter().map(|kind| kind.as_str().to_owned()).collect();
    assert_eq!(listed, words_in_source(), "`ErrorKind::ALL` is not all of them");
    assert_eq!(listed.len(), ErrorKind::ALL.len());
}

#[test]
fn every_kind_of_error_has_an_entry() {
    let sections = sections(&page());
    for kind in ErrorKind::ALL {
        let word = format!("`{}`", kind.as_str());
        let entry = sections.iter().find(|(heading, _)| heading.contains(&word));
        let (heading, text) = entry.unwrap_or_else(|| panic!("no entry for {word}"));
        for part in ["Text", "Cause", "Fix", "Verify"] {
            assert!(text.contains(&format!("**{part}.**")), "`{heading}` has no {part}");
        }
        let says = match kind.is_transient() {
            true => "Retried calls may succeed",
            false => "Retrying does not help",
        };
        assert!(text.contains(says), "`{heading}` does not say `{says}`");
    }
}

fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

/// Those that our source has, and those of Temporal's and Dapr's that a large payload meets.
#[test]
fn every_text_that_a_user_meets_has_an_entry() {
    let mut source = String::new();
    sources(&root().join("host"), &mut source);
    let codes: BTreeSet<_> = source
        .match_indices("TMPRL")
        .map(|(at, _)| source[at..].chars().take_while(char::is_ascii_alphanumeric).collect())
        .filter(|code: &String| code.len() > "TMPRL".len())
        .collect();
    assert!(codes.contains("TMPRL1105") && codes.contains("TMPRL1106"), "{codes:?}");
    let texts = [
        "TMPRL1103",
        "PayloadsTooLarge",
        "PayloadSizeExceeded",
        "Blob data size exceeds limit",
        "GrpcMessageTooLarge",
        "received message after decompression larger than max",
        "exceeds size limit",
        "Workflow history size exceeds limit",
        "RESOURCE_EXHAUSTED",
        "PAYLOAD_SIZE_EXCEEDED",
        "workflow is stalled",
        "decoded message length too large",
    ];
    let sections = sections(&page());
    for text in codes.iter().map(String::as_str).chain(texts) {
        let entry = sections.iter().find(|(heading, body)| {
            heading.contains(text) || (body.contains("**Text.**") && body.contains(text))
        });
        let (heading, body) = entry.unwrap_or_else(|| panic!("no entry for `{text}`"));
        for part in ["Cause", "Fix", "Verify"] {
            assert!(body.contains(&format!("**{part}.**")), "`{heading}` has no {part}");
        }
    }
}

/// As GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn the_table_of_contents_leads_everywhere() {
    let page = page();
    let contents = page.split("\n## ").next().unwrap();
    let linked: BTreeSet<_> = contents
        .split("](#")
        .skip(1)
        .map(|rest| rest.split(')').next().unwrap().to_owned())
        .collect();
    let headings: BTreeSet<_> =
        sections(&page).iter().map(|(heading, _)| anchor(heading)).collect();
    assert_eq!(linked, headings);
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains("host/docs/troubleshooting.md"), "nobody finds the page");
}

/// Functions that the pages name, such as `Cloakroom::reload`, exist.
#[test]
fn functions_that_pages_name_exist() {
    let mut source = String::new();
    sources(&root().join("host"), &mut source);
    sources(&root().join("guest-codecs"), &mut source);
    let mut named = 0;
    for page in page_files() {
        let text = fs::read_to_string(&page).unwrap();
        for name in text.split('`').skip(1).step_by(2) {
            let Some((_, function)) = name.split_once("::").filter(|(of, function)| {
                of.starts_with(char::is_uppercase)
                    && function.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            }) else {
                continue;
            };
            let exists = [format!("fn {function}("), format!("fn {function}<")];
            let exists = exists.iter().any(|head| source.contains(head));
            assert!(exists, "{}: there is no `{name}`", page.display());
            named += 1;
        }
    }
    assert!(named > 10, "{named} functions were found");
}

/// Links to a heading lead to one.
#[test]
fn every_anchor_exists() {
    let mut pages = page_files();
    pages.extend(["README.md", "examples/alerts/README.md"].map(|page| root().join(page)));
    let mut followed = 0;
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let Some((file, wanted)) = link.split_once('#').filter(|_| !link.contains("://"))
            else {
                continue;
            };
            let target = if file.is_empty() { page.clone() } else { page.with_file_name(file) };
            let target = fs::read_to_string(&target).expect(link);
            let headings: Vec<_> =
                sections(&target).iter().map(|(heading, _)| anchor(heading)).collect();
            let exists = headings.iter().any(|heading| heading == wanted);
            assert!(exists, "{}: `{link}` leads to no heading", page.display());
            followed += 1;
        }
    }
    assert!(followed > 30, "{followed} links were found");
}

/// Commands in blocks of shell that start with `name`, without what they are piped into.
fn commands(page: &str, name: &str) -> Vec<Vec<String>> {
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let text = blocks.collect::<String>().replace("\\\n", " ");
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix(name));
    let words = |line: &str| {
        let words =
            line.split_whitespace().take_while(|word| !matches!(*word, "|" | ">" | "#" | "&"));
        words.map(str::to_owned).collect()
    };
    lines.filter(|rest| rest.starts_with(' ')).map(words).collect()
}

/// Flags by command, so that each command is asked for its help once.
fn flags(commands: Vec<Vec<String>>) -> BTreeMap<Vec<String>, BTreeSet<String>> {
    let mut flags: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for words in commands {
        let is_flag = |word: &&String| word.starts_with('-');
        let path = words.iter().take_while(|word| !is_flag(word)).cloned().collect();
        let named = words.iter().filter(is_flag).map(|word| word.split('=').next().unwrap());
        flags.entry(path).or_default().extend(named.map(str::to_owned));
    }
    flags
}

/// Asks a command for its help, and holds the flags of the pages against it.
#[track_caller]
fn has_flags(mut command: Command, path: &[String], flags: &BTreeSet<String>, common: &str) {
    let helped = command.args(path).arg("--help").output().unwrap();
    let help = String::from_utf8(helped.stdout).unwrap() + common;
    assert!(helped.status.success(), "`{path:?}` is no command: {help}");
    for flag in flags {
        let named = |end: &str| help.contains(&format!("{flag}{end}"));
        let known = named(" ") || named(",") || named("\n") || named("=");
        assert!(known, "`{path:?}` has no {flag}");
    }
}

/// All pages that show commands.
fn pages() -> String {
    let pages = page_files().into_iter().chain([root().join("README.md")]);
    pages.map(|page| fs::read_to_string(page).unwrap()).collect()
}

#[test]
fn the_commands_of_temporal_exist() {
    let commands = commands(&pages(), "temporal");
    assert!(commands.len() > 20, "{commands:?}");
    // All commands have these, and their help does not say so.
    let common = "--output, -o string\n--namespace, -n string\n--codec-endpoint string\n--log-level string\n";
    for (path, flags) in flags(commands) {
        // Without the environment, which may configure it.
        let mut temporal = Command::new(cloakroom_tests::program("temporal"));
        temporal.env_clear();
        has_flags(temporal, &path, &flags, common);
    }
}

#[test]
fn the_commands_of_cloakroom_exist() {
    let commands = commands(&pages(), "cloakroom");
    assert!(commands.len() > 8, "{commands:?}");
    for (path, flags) in flags(commands) {
        has_flags(Command::new(binary()), &path, &flags, "");
    }
}
