//! Self-description of a plugin: its optional export `about`.

mod bounds;
mod markdown;
mod setting_check;
mod setting_value;

pub use self::setting_check::SettingError;

/// Most bytes that all texts together may have, so that copying them costs nothing worth counting.
pub(crate) const BYTES: usize = 64 << 10;

/// Self-description of a plugin, cleaned and bounded. A plugin can lie in it: nothing here grants
/// anything, and only the settings decide something, namely what the host refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct About {
    /// Name that its author gave it.
    pub name: String,
    /// Version.
    pub version: String,
    /// SPDX expression of its licence, or an empty text.
    pub licence: String,
    /// One sentence, or an empty text.
    pub summary: String,
    /// Address of its documentation.
    pub homepage: Option<String>,
    /// All settings that it knows.
    pub settings: Vec<SettingSchema>,
    /// Names of metadata by which a codec also wants to decode, whatever the encoding.
    pub metadata_names: Vec<String>,
}

/// Description of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettingSchema {
    /// Name.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// Values that it can have.
    pub kind: SettingKind,
    /// Value that the plugin takes if the setting is absent.
    pub default: Option<String>,
    /// True if the plugin cannot do without it.
    pub required: bool,
}

/// Values that a setting can have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingKind {
    /// Any text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Integer {
        /// Least number.
        least: i64,
        /// Greatest number.
        most: i64,
    },
    /// A number of bytes with its unit.
    Size {
        /// Least number of bytes.
        least: u64,
        /// Greatest number of bytes.
        most: u64,
    },
    /// A time with its unit.
    Duration,
    /// One of these words.
    OneOf(Vec<String>),
    /// A list of texts.
    Lines,
    /// Name of something that must be granted, by this grant.
    NameOf(String),
}
