//! Page of a plugin about itself: as a table, as JSON, and as Markdown for a site.

use cloakroom::{
    ByteSize,
    plugin::{About, SettingKind, SettingSchema},
};
use serde_json::{Value, json};

use crate::table::words;

/// Returns rows of facts, and a table of settings.
pub(crate) fn as_text(about: &About) -> String {
    let About { name, version, licence, summary, homepage, settings, .. } = about;
    let fact = |name: &str, value: &str| {
        let row = || vec![format!("{name:<10} {value}")];
        (!value.is_empty()).then(row)
    };
    let facts = [
        fact("name", &format!("{name} {version}")),
        fact("licence", licence),
        fact("summary", summary),
        fact("homepage", homepage.as_deref().unwrap_or_default()),
        fact("metadata", &about.metadata_names.join(", ")),
    ];
    let mut text = words(&facts.into_iter().flatten().collect::<Vec<_>>());
    text.push_str(if settings.is_empty() { "  settings   none\n" } else { "  settings\n" });
    let row = |setting: &SettingSchema| {
        vec![
            format!("  {}", setting.name),
            kind(&setting.kind),
            default(setting, |value| value.to_owned()),
            setting.description.clone(),
        ]
    };
    text + &words(&settings.iter().map(row).collect::<Vec<_>>())
}

/// Returns the page as JSON.
pub(crate) fn as_json(about: &About) -> Value {
    let setting = |setting: &SettingSchema| {
        json!({
            "name": setting.name,
            "type": kind_as_json(&setting.kind),
            "default": setting.default,
            "required": setting.required,
            "description": setting.description,
        })
    };
    json!({
        "name": about.name,
        "version": about.version,
        "licence": about.licence,
        "summary": about.summary,
        "homepage": about.homepage,
        "settings": about.settings.iter().map(setting).collect::<Vec<_>>(),
        "metadataNames": about.metadata_names,
    })
}

/// Returns the page as Markdown: a heading, the summary, and a table of settings.
pub(crate) fn as_markdown(plugin: &str, about: &About) -> String {
    let mut text = format!("### `{plugin}`\n\n");
    if !about.summary.is_empty() {
        text.push_str(&format!("{}.\n\n", escaped(about.summary.trim_end_matches('.'))));
    }
    if about.settings.is_empty() {
        return text + "No settings.\n";
    }
    text.push_str("| setting | type | default | meaning |\n|---|---|---|---|\n");
    for setting in &about.settings {
        let SettingSchema { name, description, .. } = setting;
        let default = default(setting, |value| format!("`{}`", as_toml(&setting.kind, value)));
        let (kind, meaning) = (escaped(&kind(&setting.kind)), escaped(description));
        text.push_str(&format!("| `{name}` | {kind} | {default} | {meaning} |\n"));
    }
    text
}

/// Returns the values that a setting can have, in words.
fn kind(kind: &SettingKind) -> String {
    match kind {
        SettingKind::Flag => "`true`, `false`".to_owned(),
        SettingKind::Integer { least, most: i64::MAX } => format!("{least} or more"),
        SettingKind::Integer { least, most } => format!("{least} to {most}"),
        SettingKind::Size { least, most } => {
            format!("size, {} to {}", ByteSize::bytes(*least), ByteSize::bytes(*most))
        }
        SettingKind::Duration => "time".to_owned(),
        SettingKind::OneOf(words) => {
            words.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", ")
        }
        SettingKind::Lines => "list of texts".to_owned(),
        SettingKind::NameOf(grant) => format!("one of `grants.{grant}`"),
        _ => "text".to_owned(),
    }
}

fn kind_as_json(kind: &SettingKind) -> Value {
    match kind {
        SettingKind::Flag => json!({ "kind": "flag" }),
        SettingKind::Integer { least, most } => {
            json!({ "kind": "integer", "least": least, "most": most })
        }
        SettingKind::Size { least, most } => json!({ "kind": "size", "least": least, "most": most }),
        SettingKind::Duration => json!({ "kind": "duration" }),
        SettingKind::OneOf(words) => json!({ "kind": "one-of", "words": words }),
        SettingKind::Lines => json!({ "kind": "lines" }),
        SettingKind::NameOf(grant) => json!({ "kind": "name-of", "grant": grant }),
        _ => json!({ "kind": "text" }),
    }
}

/// Returns the default of a setting, or the word for having none.
fn default(setting: &SettingSchema, show: impl Fn(&str) -> String) -> String {
    match &setting.default {
        Some(value) if value.is_empty() => show("\"\""),
        Some(value) => show(value),
        None if setting.required => "required".to_owned(),
        None => "none".to_owned(),
    }
}

/// Returns a value as a configuration writes it.
fn as_toml(kind: &SettingKind, value: &str) -> String {
    match kind {
        SettingKind::Flag | SettingKind::Integer { .. } => value.to_owned(),
        _ if value == "\"\"" => value.to_owned(),
        _ => format!("\"{}\"", value.replace(['"', '`'], "'")),
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
