//! Markdown of a self-description, for the documentation of a plugin.

use std::fmt;

use cloakroom_core::ByteSize;

use super::{About, SettingKind, SettingSchema};

impl About {
    /// Returns a page as Markdown: `title` as a heading, the summary, and a table of the settings.
    ///
    /// Text of the plugin's author cannot leave its cell, or become HTML or a link.
    #[must_use]
    pub fn markdown(&self, title: &str) -> String {
        let mut text = format!("### `{title}`\n\n");
        if !self.summary.is_empty() {
            text.push_str(&format!("{}.\n\n", escaped(self.summary.trim_end_matches('.'))));
        }
        if self.settings.is_empty() {
            return text + "No settings.\n";
        }
        text.push_str("| setting | type | default | meaning |\n|---|---|---|---|\n");
        for SettingSchema { name, description, kind, default, required } in &self.settings {
            let default = match default {
                Some(value) => format!("`{}`", as_toml(kind, value)),
                None if *required => "required".to_owned(),
                None => "none".to_owned(),
            };
            let (kind, meaning) = (escaped(&kind.to_string()), escaped(description));
            text.push_str(&format!("| `{name}` | {kind} | {default} | {meaning} |\n"));
        }
        text
    }
}

/// Shows the values that a setting can have: `1 to 12`, or `"a"`, `"b"`.
impl fmt::Display for SettingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Flag => f.write_str("`true`, `false`"),
            Self::Integer { least, most: i64::MAX } => write!(f, "{least} or more"),
            Self::Integer { least, most } => write!(f, "{least} to {most}"),
            Self::Size { least, most: u64::MAX } => {
                write!(f, "size, {} or more", ByteSize::bytes(*least))
            }
            Self::Size { least, most } => {
                write!(f, "size, {} to {}", ByteSize::bytes(*least), ByteSize::bytes(*most))
            }
            Self::Duration => f.write_str("time"),
            Self::OneOf(words) => {
                let words: Vec<_> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
                f.write_str(&words.join(", "))
            }
            Self::Lines => f.write_str("list of texts"),
            Self::NameOf(grant) => write!(f, "name that is granted in `{grant}`"),
        }
    }
}

/// Returns a value as a configuration writes it.
fn as_toml(kind: &SettingKind, value: &str) -> String {
    match kind {
        SettingKind::Flag | SettingKind::Integer { .. } => value.to_owned(),
        _ => format!("\"{}\"", value.replace(['"', '`', '|'], "'")),
    }
}

/// Escapes what would end a cell, or begin HTML or a link: a stranger chose the text.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '|' | '[' | ']' | '\\' => escaped.extend(['\\', character]),
            '<' => escaped.push_str("&lt;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_writes_no_links_and_no_columns() {
        let setting = SettingSchema {
            name: "a".to_owned(),
            description: "[x](http://y) | <script>".to_owned(),
            kind: SettingKind::Text,
            default: Some("`|\"".to_owned()),
            required: false,
        };
        let about = About {
            name: "p".to_owned(),
            version: String::new(),
            licence: String::new(),
            summary: "<b>".to_owned(),
            homepage: None,
            settings: vec![setting],
            metadata_names: Vec::new(),
        };
        let text = about.markdown("p");
        assert!(text.contains("\\[x\\](http://y) \\| &lt;script>"), "{text}");
        assert!(text.contains("&lt;b>.") && !text.contains('<'), "{text}");
    }
}
