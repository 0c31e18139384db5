//! The plugin's own settings, typed, and refused with a sentence that helps.

mod nearest;
pub(crate) mod units;

use std::{fmt::Display, ops::RangeInclusive, str::FromStr, time::Duration};

use self::nearest::nearest;
use crate::{Error, Setting, setting::SettingKind};

/// The settings that the configuration gives to this plugin. They do not change while an instance
/// lives, and are never secrets.
///
/// ```
/// use cloakroom_guest::Settings;
///
/// let settings = Settings::from([("level", "9"), ("ring", "main")]);
/// assert_eq!(settings.number("level", 1..=12, 3)?, 9);
/// assert_eq!(settings.required("ring")?, "main");
/// assert!(!settings.flag("repeatable")?);
/// # Ok::<(), cloakroom_guest::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    entries: Vec<(String, String)>,
}

impl Settings {
    /// Returns a setting as it was written.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.entries.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Returns a setting that the plugin needs.
    ///
    /// # Errors
    /// `Misconfigured` if it is absent.
    pub fn required(&self, name: &str) -> Result<&str, Error> {
        self.get(name).ok_or_else(|| Error::misconfigured(format!("setting `{name}` is needed")))
    }

    /// Parses a setting, if it is there.
    ///
    /// ```
    /// use std::net::SocketAddr;
    ///
    /// use cloakroom_guest::Settings;
    ///
    /// let settings = Settings::from([("address", "127.0.0.1:6379")]);
    /// let address: Option<SocketAddr> = settings.parse("address")?;
    /// assert_eq!(address.map(|address| address.port()), Some(6379));
    /// # Ok::<(), cloakroom_guest::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Misconfigured`, with the reason that the type gives.
    pub fn parse<T>(&self, name: &str) -> Result<Option<T>, Error>
    where
        T: FromStr<Err: Display>,
    {
        let parsed = self.get(name).map(str::parse).transpose();
        parsed.map_err(|error| Error::misconfigured(format!("setting `{name}`: {error}")))
    }

    /// Returns a number within the range of the setting's description, or its default if it is absent.
    ///
    /// # Errors
    /// `Misconfigured` if it is something else, or absent and without a default.
    pub fn integer<N: TryFrom<i64>>(&self, setting: &Setting) -> Result<N, Error> {
        let Setting { name, kind, default, .. } = *setting;
        let (least, most) = match kind {
            SettingKind::Integer { least, most } => (least, most),
            _ => (i64::MIN, i64::MAX),
        };
        let Some(written) = self.get(name).or(default) else {
            return Err(Error::misconfigured(format!("setting `{name}` is needed")));
        };
        let number = written.parse().ok().filter(|number| (least..=most).contains(number));
        number.and_then(|number| N::try_from(number).ok()).ok_or_else(|| {
            let text = format!("setting `{name}` must be a number from {least} to {most}");
            Error::Misconfigured(text)
        })
    }

    /// Returns a number of bytes, such as `64MiB`, if the setting is there.
    ///
    /// # Errors
    /// `Misconfigured` if it is no size.
    pub fn size(&self, name: &str) -> Result<Option<u64>, Error> {
        let parse = |written| {
            units::bytes(written).ok_or_else(|| {
                let text = format!("setting `{name}` must be a size, such as 64MiB");
                Error::Misconfigured(text)
            })
        };
        self.get(name).map(parse).transpose()
    }

    /// Returns a time, such as `500ms` or `5s`, if the setting is there.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cloakroom_guest::Settings;
    ///
    /// let settings = Settings::from([("patience", "500ms")]);
    /// assert_eq!(settings.duration("patience")?, Some(Duration::from_millis(500)));
    /// assert_eq!(settings.duration("other")?, None);
    /// # Ok::<(), cloakroom_guest::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Misconfigured` if it is no time.
    pub fn duration(&self, name: &str) -> Result<Option<Duration>, Error> {
        let parse = |written| {
            units::duration(written).ok_or_else(|| {
                Error::Misconfigured(format!("setting `{name}` must be {}", units::TIME))
            })
        };
        self.get(name).map(parse).transpose()
    }

    /// Returns the texts of a list, in their order. None if the setting is absent.
    ///
    /// ```
    /// use cloakroom_guest::Settings;
    ///
    /// let settings = Settings::from([("fields", "card\niban")]);
    /// assert!(settings.lines("fields").eq(["card", "iban"]));
    /// ```
    pub fn lines(&self, name: &str) -> impl Iterator<Item = &str> {
        self.get(name).unwrap_or_default().lines()
    }

    /// Returns a number within `range`, or `default` if the setting is absent.
    ///
    /// # Errors
    /// `Misconfigured` if it is something else.
    pub fn number<N>(&self, name: &str, range: RangeInclusive<N>, default: N) -> Result<N, Error>
    where
        N: FromStr + PartialOrd + Display,
    {
        let Some(written) = self.get(name) else {
            return Ok(default);
        };
        let number = written.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            let (least, most) = range.into_inner();
            let text = format!("setting `{name}` must be a number from {least} to {most}");
            Error::Misconfigured(text)
        })
    }

    /// Returns a setting that is `true` or `false`, and `false` if it is absent.
    ///
    /// # Errors
    /// `Misconfigured` if it is another word.
    pub fn flag(&self, name: &str) -> Result<bool, Error> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Error::misconfigured(format!("setting `{name}` must be true or false"))),
        }
    }

    /// Returns the value that belongs to the setting's word, or `None` if it is absent.
    ///
    /// ```
    /// use cloakroom_guest::Settings;
    ///
    /// let words = [("fast", 1), ("small", 9)];
    /// assert_eq!(Settings::from([("aim", "small")]).one_of("aim", &words)?, Some(9));
    /// assert!(Settings::from([("aim", "smal")]).one_of("aim", &words).is_err());
    /// # Ok::<(), cloakroom_guest::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Misconfigured` if it is none of the words, which the error names.
    pub fn one_of<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Error> {
        let Some(written) = self.get(name) else {
            return Ok(None);
        };
        let chosen = words.iter().find(|(word, _)| *word == written);
        chosen.map(|(_, value)| Some(*value)).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            Error::misconfigured(format!("setting `{name}` must be {}", words.join(" or ")))
        })
    }

    /// Refuses what the host refuses when it loads a plugin with these settings: unknown names, wrong
    /// values, and missing required settings.
    ///
    /// # Errors
    /// `Misconfigured`, with the first that is wrong.
    pub fn check(&self, known: &[Setting]) -> Result<(), Error> {
        self.refuse_unknown(known)?;
        known.iter().try_for_each(|setting| match self.get(setting.name) {
            Some(value) => setting.check(value),
            None if setting.required => self.required(setting.name).map(drop),
            None => Ok(()),
        })
    }

    /// Refuses settings whose names are not among `known`: the name that is nearest to it is named, or
    /// all that are known.
    pub(crate) fn refuse_unknown(&self, known: &[Setting]) -> Result<(), Error> {
        let known: Vec<_> = known.iter().map(|setting| setting.name).collect();
        let mut names = self.entries.iter().map(|(name, _)| name.as_str());
        let Some(unknown) = names.find(|name| !known.contains(name)) else {
            return Ok(());
        };
        let help = match (nearest(unknown, &known), &*known) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, []) => "this plugin has none".to_owned(),
            (None, known) => format!("this plugin knows `{}`", known.join("`, `")),
        };
        Err(Error::misconfigured(format!("unknown setting `{unknown}`: {help}")))
    }

    /// Reads the settings that the host has. A fresh instance does so for each payload, so it makes as
    /// few calls as it can: one for a plugin that knows one setting, else one for the names that were
    /// given and one for each of these.
    #[cfg(target_family = "wasm")]
    pub(crate) fn from_host(known: &[Setting]) -> Self {
        use crate::wasm::settings;

        let read = |name: String| settings::get(&name).map(|value| (name, value));
        let names = match known {
            [] => Vec::new(),
            [only] => vec![only.name.to_owned()],
            _ => settings::names(),
        };
        Self { entries: names.into_iter().filter_map(read).collect() }
    }

    /// Reads the names of all settings, known or not.
    #[cfg(target_family = "wasm")]
    pub(crate) fn names_from_host() -> Self {
        let names = crate::wasm::settings::names();
        Self { entries: names.into_iter().map(|name| (name, String::new())).collect() }
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Settings {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        let entries = entries.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { entries: entries.collect() }
    }
}

impl<N: Into<String>, V: Into<String>, const COUNT: usize> From<[(N, V); COUNT]> for Settings {
    fn from(entries: [(N, V); COUNT]) -> Self {
        entries.into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
