//! Check of the settings that a plugin was given, against those that it says it knows.

use std::fmt;

use cloakroom_core::{Error, ErrorKind};

use super::{About, SettingSchema};
use crate::settings::Settings;

/// Reason why the host refuses the settings of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettingError {
    /// Name of the setting.
    pub setting: String,
    /// True if the setting is there. A missing one has no line in a configuration.
    pub is_given: bool,
    text: String,
}

impl About {
    /// Checks the settings that the plugin is given.
    ///
    /// # Errors
    /// The first setting that is unknown, has a wrong value, or is missing and required.
    pub fn check_settings(&self, settings: &Settings) -> Result<(), SettingError> {
        settings.names().try_for_each(|name| self.check_setting(name, settings))?;
        let missing =
            |schema: &&SettingSchema| schema.required && settings.get(&schema.name).is_none();
        match self.settings.iter().find(missing) {
            Some(SettingSchema { name, .. }) => {
                let text = format!("setting `{name}` is needed");
                Err(SettingError { setting: name.clone(), is_given: false, text })
            }
            None => Ok(()),
        }
    }

    fn check_setting(&self, name: &str, settings: &Settings) -> Result<(), SettingError> {
        let refuse = |text| Err(SettingError { setting: name.to_owned(), is_given: true, text });
        let Some(schema) = self.settings.iter().find(|schema| schema.name == name) else {
            return refuse(self.unknown(name));
        };
        match schema.kind.refuse(settings.get(name).unwrap_or_default()) {
            Some(expected) => refuse(format!("setting `{name}` must be {expected}")),
            None => Ok(()),
        }
    }

    fn unknown(&self, name: &str) -> String {
        let known: Vec<_> = self.settings.iter().map(|schema| &*schema.name).collect();
        let help = match (nearest(name, &known), &*known) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, []) => "this plugin has none".to_owned(),
            (None, known) => format!("this plugin knows `{}`", known.join("`, `")),
        };
        format!("unknown setting `{name}`: {help}")
    }
}

/// Returns the known name that is nearest, if it is near enough to be meant: two typing errors, and one
/// in a name of two or three letters.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let distances = known.iter().map(|known| (strsim::damerau_levenshtein(name, known), *known));
    let near = distances.filter(|(edits, known)| *edits <= 2 && edits * 2 <= known.len());
    near.min().map(|(_, known)| known)
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for SettingError {}

impl From<SettingError> for Error {
    fn from(error: SettingError) -> Self {
        Self::new(ErrorKind::Config, error.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::about::SettingKind;

    fn schema(name: &str, kind: SettingKind, required: bool) -> SettingSchema {
        let (name, description) = (name.to_owned(), String::new());
        SettingSchema { name, description, kind, default: None, required }
    }

    fn about(settings: Vec<SettingSchema>) -> About {
        let (name, version) = ("p".to_owned(), "1".to_owned());
        let (licence, summary) = (String::new(), String::new());
        let metadata_names = Vec::new();
        About { name, version, licence, summary, homepage: None, settings, metadata_names }
    }

    #[track_caller]
    fn check(given: &[(&str, &str)], is_given: bool, expect: &str) {
        let level = SettingKind::Integer { least: 1, most: 12 };
        let about = about(vec![
            schema("level", level, false),
            schema("ring", SettingKind::NameOf("keys".to_owned()), true),
        ]);
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let error = about.check_settings(&given.collect()).unwrap_err();
        assert_eq!((&*error.to_string(), error.is_given), (expect, is_given));
    }

    #[test]
    fn the_first_wrong_setting_is_named() {
        let ring = ("ring", "a");
        check(&[ring, ("levle", "1")], true, "unknown setting `levle`: did you mean `level`?");
        check(
            &[ring, ("colour", "red")],
            true,
            "unknown setting `colour`: this plugin knows `level`, `ring`",
        );
        check(&[ring, ("level", "13")], true, "setting `level` must be a number from 1 to 12");
        check(&[("level", "1")], false, "setting `ring` is needed");
    }

    #[test]
    fn a_plugin_without_settings_takes_none() {
        let none = about(Vec::new());
        assert_eq!(none.check_settings(&Settings::none()), Ok(()));
        let error = none.check_settings(&Settings::none().with_setting("x", 1)).unwrap_err();
        assert_eq!(error.to_string(), "unknown setting `x`: this plugin has none");
    }
}
