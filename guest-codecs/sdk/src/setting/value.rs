//! Values of settings, compared with their kind.

use super::{Setting, SettingKind};
use crate::{Error, settings::units};

impl Setting {
    /// Checks a value as the host does.
    ///
    /// # Errors
    /// `Misconfigured` if it is not of the setting's kind.
    pub(crate) fn check(&self, value: &str) -> Result<(), Error> {
        let expected = match self.kind {
            SettingKind::Flag if !matches!(value, "true" | "false") => "true or false".to_owned(),
            SettingKind::Integer { least, most }
                if !value.parse().is_ok_and(|n: i64| (least..=most).contains(&n)) =>
            {
                format!("a number from {least} to {most}")
            }
            SettingKind::Size { least, most }
                if !units::bytes(value).is_some_and(|n| (least..=most).contains(&n)) =>
            {
                format!("a whole number and B, KiB, MiB or GiB, from {least} to {most} bytes")
            }
            SettingKind::Duration if units::duration(value).is_none() => units::TIME.to_owned(),
            SettingKind::OneOf(words) if !words.contains(&value) => {
                let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
                words.join(" or ")
            }
            _ => return Ok(()),
        };
        Err(Error::Misconfigured(format!("setting `{}` must be {expected}", self.name)))
    }
}
