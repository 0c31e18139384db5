//! The plugin's description of itself, made of its package and its settings.

use super::about_bindings::exports::cloakroom::plugin::about;
use crate::{Setting, setting::SettingKind};

/// Facts of Cargo about the plugin's package: its name, version, licence, description, and addresses of
/// its documentation. Each is empty where the manifest has none, or where no Cargo built it.
pub type Package = [Option<&'static str>; 6];

#[must_use]
pub fn facts(package: Package) -> about::Facts {
    let [name, version, licence, summary, homepage, repository] =
        package.map(|text| text.unwrap_or_default());
    let homepage = [homepage, repository].into_iter().find(|address| !address.is_empty());
    about::Facts {
        name: name.to_owned(),
        version: version.to_owned(),
        licence: licence.to_owned(),
        summary: summary.to_owned(),
        homepage: homepage.map(str::to_owned),
    }
}

#[must_use]
pub fn settings(settings: &[Setting]) -> Vec<about::Setting> {
    settings.iter().map(setting).collect()
}

fn setting(setting: &Setting) -> about::Setting {
    let Setting { name, description, kind, default, required } = *setting;
    let kind = match kind {
        SettingKind::Text => about::SettingKind::Text,
        SettingKind::Flag => about::SettingKind::Flag,
        SettingKind::Integer { least, most } => {
            about::SettingKind::Integer(about::IntegerRange { least, most })
        }
        SettingKind::Size { least, most } => {
            about::SettingKind::Size(about::SizeRange { least, most })
        }
        SettingKind::Duration => about::SettingKind::Duration,
        SettingKind::OneOf(words) => {
            about::SettingKind::OneOf(words.iter().map(|word| (*word).to_owned()).collect())
        }
        SettingKind::Lines => about::SettingKind::Lines,
        SettingKind::NameOf(grant) => about::SettingKind::NameOf(grant.to_owned()),
    };
    about::Setting {
        name: name.to_owned(),
        description: description.to_owned(),
        kind,
        default: default.map(str::to_owned),
        required,
    }
}

#[must_use]
pub fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
