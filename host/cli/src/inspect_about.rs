//! Page of a plugin about itself: as a table, and as JSON.

use cloakroom::plugin::{About, SettingKind, SettingSchema};
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
            setting.kind.to_string(),
            default(setting),
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

fn kind_as_json(kind: &SettingKind) -> Value {
    match kind {
        SettingKind::Flag => json!({ "kind": "flag" }),
        SettingKind::Integer { least, most } => {
            json!({ "kind": "integer", "least": least, "most": most })
        }
        SettingKind::Size { least, most } => {
            json!({ "kind": "size", "least": least, "most": most })
        }
        SettingKind::Duration => json!({ "kind": "duration" }),
        SettingKind::OneOf(words) => json!({ "kind": "one-of", "words": words }),
        SettingKind::Lines => json!({ "kind": "lines" }),
        SettingKind::NameOf(grant) => json!({ "kind": "name-of", "grant": grant }),
        _ => json!({ "kind": "text" }),
    }
}

fn default(setting: &SettingSchema) -> String {
    match &setting.default {
        Some(value) if value.is_empty() => "\"\"".to_owned(),
        Some(value) => value.clone(),
        None if setting.required => "required".to_owned(),
        None => "none".to_owned(),
    }
}
