//! The settings, read once an instance.

use std::sync::OnceLock;

use cloakroom_guest::{Error, settings};

use crate::{accept, format::Format};

/// What was configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) ring: String,
    /// The format to write.
    pub(crate) format: Format,
    /// The formats to open.
    pub(crate) accept: Vec<Format>,
    pub(crate) binding: Binding,
    /// Whether sealing the same again gives the same bytes.
    pub(crate) repeatable: bool,
}

/// What the namespace that a payload was sealed for is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// Other namespaces are refused.
    Check,
    /// It is only recorded.
    Record,
    /// A payload without one is refused, and so is a call without one.
    Require,
}

impl Config {
    /// # Errors
    /// `Misconfigured` if a setting is missing or is not one of its words.
    pub(crate) fn get() -> Result<&'static Self, Error> {
        static CONFIG: OnceLock<Config> = OnceLock::new();
        if let Some(config) = CONFIG.get() {
            return Ok(config);
        }
        let read = Self::read()?;
        Ok(CONFIG.get_or_init(|| read))
    }

    fn read() -> Result<Self, Error> {
        let format = format(settings::text("format").as_deref())?;
        let repeatable = repeatable(settings::text("repeatable").as_deref())?;
        if repeatable && format == Format::Temporal {
            let text = "setting `repeatable` goes with format `sealed` only: \
                        a nonce of the other must never come twice";
            return Err(Error::Misconfigured(text.to_owned()));
        }
        let binding = binding(settings::text("namespace").as_deref())?;
        let accept = settings::text("accept");
        let accept = accept::accept(accept.as_deref(), format, binding == Binding::Require)?;
        Ok(Self { ring: settings::required("ring")?, format, accept, repeatable, binding })
    }
}

fn format(word: Option<&str>) -> Result<Format, Error> {
    Format::by_name(word.unwrap_or("sealed")).ok_or_else(|| {
        Error::Misconfigured("setting `format` must be `sealed` or `temporal`".to_owned())
    })
}

fn binding(word: Option<&str>) -> Result<Binding, Error> {
    match word {
        None | Some("check") => Ok(Binding::Check),
        Some("record") => Ok(Binding::Record),
        Some("require") => Ok(Binding::Require),
        Some(_) => {
            let text = "setting `namespace` must be `check`, `require` or `record`";
            Err(Error::Misconfigured(text.to_owned()))
        }
    }
}

fn repeatable(word: Option<&str>) -> Result<bool, Error> {
    match word {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => {
            Err(Error::Misconfigured("setting `repeatable` must be true or false".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_sealed_unless_told_otherwise() {
        assert_eq!(format(None).unwrap(), Format::Sealed);
        assert_eq!(format(Some("sealed")).unwrap(), Format::Sealed);
        assert_eq!(format(Some("temporal")).unwrap(), Format::Temporal);
        assert!(matches!(format(Some("Sealed")), Err(Error::Misconfigured(_))));
    }

    #[test]
    fn checks_unless_told_otherwise() {
        assert_eq!(binding(None).unwrap(), Binding::Check);
        assert_eq!(binding(Some("check")).unwrap(), Binding::Check);
        assert_eq!(binding(Some("record")).unwrap(), Binding::Record);
        assert_eq!(binding(Some("require")).unwrap(), Binding::Require);
        assert!(matches!(binding(Some("")), Err(Error::Misconfigured(_))));
    }
}
