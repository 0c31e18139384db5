//! Bounds of a self-description, and the contradictions that are refused.
//!
//! The author of a plugin is a stranger: what he writes is shown in terminals and error messages, and
//! searched at each load.

use cloakroom_core::{Error, ErrorKind, clean};

use super::{About, SettingKind, SettingSchema};
use crate::guest_name::is_name;

/// Most settings.
const SETTINGS: usize = 64;

/// Most words of one setting.
const WORDS: usize = 64;

/// Most names of metadata. Each is looked up in every payload that is decoded.
const METADATA_NAMES: usize = 16;

/// Most characters of a name.
const NAME: usize = 64;

/// Most characters of a text.
const TEXT: usize = 1000;

impl About {
    /// Returns the description with texts that can be shown.
    ///
    /// # Errors
    /// `Protocol` if it has too many settings or contradicts itself.
    pub(crate) fn checked(self) -> Result<Self, Error> {
        let text = |text: &str| clean(text, TEXT);
        if self.settings.len() > SETTINGS {
            return Err(refused(format!("describes more than {SETTINGS} settings")));
        }
        if self.metadata_names.len() > METADATA_NAMES {
            return Err(refused(format!("names more than {METADATA_NAMES} metadata entries")));
        }
        if !self.metadata_names.iter().all(|name| is_name(name)) {
            let text = "names a metadata entry that is not 1 to 128 visible ASCII characters";
            return Err(refused(text.to_owned()));
        }
        // Every payload has one: the codec would be offered everything that another one wrote.
        if self.metadata_names.iter().any(|name| name == "encoding") {
            let text = "wants payloads by the metadata entry `encoding`, which every payload has";
            return Err(refused(text.to_owned()));
        }
        let mut settings: Vec<SettingSchema> = Vec::new();
        for schema in self.settings {
            let schema = schema.checked()?;
            if settings.iter().any(|known| known.name == schema.name) {
                return Err(refused(format!("describes setting `{}` twice", schema.name)));
            }
            settings.push(schema);
        }
        Ok(Self {
            name: clean(&self.name, NAME),
            version: clean(&self.version, NAME),
            licence: clean(&self.licence, NAME),
            summary: text(&self.summary),
            homepage: self.homepage.as_deref().map(text),
            settings,
            metadata_names: self.metadata_names,
        })
    }
}

impl SettingSchema {
    fn checked(self) -> Result<Self, Error> {
        let Self { name, description, kind, default, required } = self;
        if !is_setting_name(&name) {
            let text = format!(
                "describes a setting whose name is not 1 to {NAME} lower-case letters, digits, `_` \
                 and `-`"
            );
            return Err(refused(text));
        }
        if required && default.is_some() {
            return Err(refused(format!("describes setting `{name}` as required, with a default")));
        }
        if kind.is_empty() {
            return Err(refused(format!("describes setting `{name}` without a possible value")));
        }
        if let Some(expected) = default.as_deref().and_then(|default| kind.refuse(default)) {
            let text = format!("describes setting `{name}` with a default that is not {expected}");
            return Err(refused(text));
        }
        let kind = kind.checked(&name)?;
        let default = default.map(|default| clean(&default, TEXT));
        Ok(Self { name, description: clean(&description, TEXT), kind, default, required })
    }
}

impl SettingKind {
    fn is_empty(&self) -> bool {
        match self {
            Self::Integer { least, most } => least > most,
            Self::Size { least, most } => least > most,
            Self::OneOf(words) => words.is_empty(),
            _ => false,
        }
    }

    fn checked(self, name: &str) -> Result<Self, Error> {
        match &self {
            Self::OneOf(words) if words.len() > WORDS => {
                Err(refused(format!("describes setting `{name}` with more than {WORDS} words")))
            }
            // They are compared with what operators write, so they are not cleaned but refused.
            Self::OneOf(words) if !words.iter().all(|word| is_shown_as_it_is(word)) => {
                Err(refused(format!("describes setting `{name}` with a word that cannot be shown")))
            }
            Self::NameOf(grant) if !is_setting_name(grant) => {
                Err(refused(format!("describes setting `{name}` with a grant that has no name")))
            }
            _ => Ok(self),
        }
    }
}

fn is_setting_name(name: &str) -> bool {
    let is_part = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b);
    (1..=NAME).contains(&name.len()) && name.bytes().all(is_part)
}

fn is_shown_as_it_is(word: &str) -> bool {
    !word.is_empty() && !word.contains('`') && clean(word, NAME) == word
}

fn refused(text: String) -> Error {
    Error::new(ErrorKind::Protocol, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(kind: SettingKind, default: Option<&str>) -> SettingSchema {
        let (name, description) = ("level".to_owned(), "a\u{1b}[2Jb".to_owned());
        let default = default.map(str::to_owned);
        SettingSchema { name, description, kind, default, required: false }
    }

    fn about(settings: Vec<SettingSchema>) -> About {
        About {
            name: "p\n\u{202e}x".to_owned(),
            version: "1".repeat(1 << 20),
            licence: String::new(),
            summary: "s".repeat(1 << 20),
            homepage: None,
            settings,
            metadata_names: Vec::new(),
        }
    }

    #[track_caller]
    fn refuses(schema: SettingSchema, expect: &str) {
        let error = about(vec![schema]).checked().unwrap_err();
        assert_eq!((error.kind(), error.to_string().contains(expect)), (ErrorKind::Protocol, true));
    }

    #[test]
    fn texts_are_cleaned_and_cut() {
        let about = about(vec![schema(SettingKind::Text, Some("\u{7}"))]).checked().unwrap();
        assert_eq!(about.name, "p  x");
        assert_eq!((about.version.chars().count(), about.summary.chars().count()), (NAME, TEXT));
        assert_eq!(about.settings[0].description, "a [2Jb");
        assert_eq!(about.settings[0].default.as_deref(), Some(""));
    }

    #[test]
    fn contradictions_are_refused() {
        let level = SettingKind::Integer { least: 1, most: 12 };
        refuses(schema(level.clone(), Some("13")), "default that is not a number from 1 to 12");
        refuses(schema(SettingKind::Integer { least: 2, most: 1 }, None), "without a possible");
        refuses(schema(SettingKind::OneOf(Vec::new()), None), "without a possible");
        refuses(schema(SettingKind::OneOf(vec!["a\nb".to_owned()]), None), "cannot be shown");
        refuses(schema(SettingKind::OneOf(vec!["a".to_owned(); 65]), None), "more than 64 words");
        refuses(SettingSchema { required: true, ..schema(level.clone(), Some("1")) }, "a default");
        refuses(SettingSchema { name: "Le vel".to_owned(), ..schema(level, None) }, "lower-case");
    }

    #[test]
    fn lists_are_bounded() {
        let many = (0..65)
            .map(|at| SettingSchema { name: format!("s{at}"), ..schema(SettingKind::Text, None) });
        assert!(about(many.clone().collect()).checked().is_err());
        assert!(about(many.take(64).collect()).checked().is_ok());
        let twice = vec![schema(SettingKind::Text, None); 2];
        assert!(about(twice).checked().is_err());
        for names in [vec!["encoding"], vec![""], vec!["a b"], vec!["a"; 17]] {
            let metadata_names = names.into_iter().map(str::to_owned).collect();
            assert!(About { metadata_names, ..about(Vec::new()) }.checked().is_err());
        }
    }
}
