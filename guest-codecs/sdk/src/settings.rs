//! The plugin's own settings, parsed and refused with a sentence that helps.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

use crate::{Error, bindings::cloakroom::plugin::settings};

/// A setting as it was written.
pub fn text(name: &str) -> Option<String> {
    settings::get(name)
}

/// A number within `range`, or `default` if the setting is absent.
///
/// # Errors
/// `Misconfigured` if it is anything else.
pub fn number<N>(name: &str, range: RangeInclusive<N>, default: N) -> Result<N, Error>
where
    N: FromStr + PartialOrd + Display,
{
    let Some(written) = settings::get(name) else {
        return Ok(default);
    };
    let number = written.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let (least, most) = range.into_inner();
        Error::Misconfigured(format!("setting `{name}` must be a number from {least} to {most}"))
    })
}

/// A setting that the plugin cannot do without.
///
/// # Errors
/// `Misconfigured` if it is absent.
pub fn required(name: &str) -> Result<String, Error> {
    settings::get(name).ok_or_else(|| Error::Misconfigured(format!("setting `{name}` is needed")))
}

/// Refuses settings whose names are not among `known`.
///
/// # Errors
/// `Misconfigured`, naming the first that is unknown and those that are known.
pub fn refuse_unknown(known: &[&str]) -> Result<(), Error> {
    let Some(name) = settings::names().into_iter().find(|name| !known.contains(&&**name)) else {
        return Ok(());
    };
    let known = match known {
        [] => "this plugin has none".to_owned(),
        known => format!("this plugin knows `{}`", known.join("`, `")),
    };
    Err(Error::Misconfigured(format!("unknown setting `{name}`: {known}")))
}
