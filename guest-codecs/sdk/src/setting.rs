//! Descriptions of settings: what the plugin knows, for its host, its readers and itself.

mod value;

use std::ops::RangeInclusive;

/// One setting that a plugin knows.
///
/// The host refuses all other settings, wrong values and missing required ones, with the line in the
/// operator's file. `cloakroom inspect` shows the settings, and documentation is made of them. A plugin
/// reads a number with the range and the default that are written here.
///
/// ```
/// use cloakroom_guest::{Setting, Settings};
///
/// const LEVEL: Setting =
///     Setting::integer("level", 1..=12, "compression level").with_default("3");
/// const RING: Setting = Setting::name_of("ring", "keys", "ring to encrypt with").required();
///
/// let settings = Settings::from([("ring", "main")]);
/// settings.check(&[LEVEL, RING])?;
/// assert_eq!(settings.integer::<u8>(&LEVEL)?, 3);
/// # Ok::<(), cloakroom_guest::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) kind: SettingKind,
    pub(crate) default: Option<&'static str>,
    pub(crate) required: bool,
}

/// The values that a setting can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SettingKind {
    Text,
    Flag,
    Integer { least: i64, most: i64 },
    Size { least: u64, most: u64 },
    Duration,
    OneOf(&'static [&'static str]),
    Lines,
    NameOf(&'static str),
}

impl Setting {
    /// Returns a setting with any text.
    #[must_use]
    pub const fn text(name: &'static str, description: &'static str) -> Self {
        Self::new(name, description, SettingKind::Text)
    }

    /// Returns a setting that is `true` or `false`, and `false` by default. Read it with
    /// [`Settings::flag`](crate::Settings::flag).
    #[must_use]
    pub const fn flag(name: &'static str, description: &'static str) -> Self {
        Self::new(name, description, SettingKind::Flag).with_default("false")
    }

    /// Returns a setting with a whole number within `range`. Read it with
    /// [`Settings::integer`](crate::Settings::integer).
    #[must_use]
    pub const fn integer(
        name: &'static str,
        range: RangeInclusive<i64>,
        description: &'static str,
    ) -> Self {
        let kind = SettingKind::Integer { least: *range.start(), most: *range.end() };
        Self::new(name, description, kind)
    }

    /// Returns a setting with a number of bytes within `range`, such as `64MiB`. Read it with
    /// [`Settings::size`](crate::Settings::size).
    #[must_use]
    pub const fn size(
        name: &'static str,
        range: RangeInclusive<u64>,
        description: &'static str,
    ) -> Self {
        let kind = SettingKind::Size { least: *range.start(), most: *range.end() };
        Self::new(name, description, kind)
    }

    /// Returns a setting with a time, such as `500ms`. Read it with
    /// [`Settings::duration`](crate::Settings::duration).
    #[must_use]
    pub const fn duration(name: &'static str, description: &'static str) -> Self {
        Self::new(name, description, SettingKind::Duration)
    }

    /// Returns a setting with one of these words. Read it with
    /// [`Settings::one_of`](crate::Settings::one_of).
    #[must_use]
    pub const fn one_of(
        name: &'static str,
        words: &'static [&'static str],
        description: &'static str,
    ) -> Self {
        Self::new(name, description, SettingKind::OneOf(words))
    }

    /// Returns a setting with a list of texts. Read it with
    /// [`Settings::lines`](crate::Settings::lines).
    #[must_use]
    pub const fn lines(name: &'static str, description: &'static str) -> Self {
        Self::new(name, description, SettingKind::Lines)
    }

    /// Returns a setting with the name of something that `grant` must have too, such as `keys` or
    /// `buckets`.
    #[must_use]
    pub const fn name_of(
        name: &'static str,
        grant: &'static str,
        description: &'static str,
    ) -> Self {
        Self::new(name, description, SettingKind::NameOf(grant))
    }

    const fn new(name: &'static str, description: &'static str, kind: SettingKind) -> Self {
        Self { name, description, kind, default: None, required: false }
    }

    /// Sets the value that is taken if the setting is absent, as an operator would write it.
    #[must_use]
    pub const fn with_default(mut self, value: &'static str) -> Self {
        self.default = Some(value);
        self
    }

    /// Has the host refuse the plugin without this setting.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self.default = None;
        self
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}
