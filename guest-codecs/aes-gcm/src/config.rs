//! The settings.

use cloakroom_guest::{Error, Setting, Settings};

use crate::{accept, format::Format};

/// The settings that the plugin knows.
pub(crate) const SETTINGS: [Setting; 5] = [
    Setting::name_of("ring", "keys", "ring to encrypt and decrypt with").required(),
    Setting::one_of(
        "format",
        &["sealed", "temporal", "temporal-proxy"],
        "format that is written: `binary/sealed`, `binary/encrypted` of Temporal's samples, or that of \
         temporal-proxy, with a wrapped data key beside each payload",
    )
    .with_default("sealed"),
    Setting::text(
        "accept",
        "formats that are decrypted, with commas between them: `sealed`, `temporal`, `temporal-proxy`; \
         `format` must be among them; by default `format`, `sealed` and `temporal`, or only `sealed` if \
         `namespace` is `require`",
    ),
    Setting::one_of(
        "namespace",
        &["check", "require", "record"],
        "`check` refuses a payload of another namespace if both are known, `require` also refuses if one \
         is not known, `record` refuses nothing",
    )
    .with_default("check"),
    Setting::flag(
        "repeatable",
        "the same content under the same key gives the same bytes; only with format `sealed`",
    ),
];

/// The plugin's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) ring: String,
    /// The format to write.
    pub(crate) format: Format,
    /// The formats to open.
    pub(crate) accept: Vec<Format>,
    pub(crate) binding: Binding,
    /// True if sealing the same again gives the same bytes.
    pub(crate) repeatable: bool,
}

/// The use of the namespace that a payload was sealed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// Other namespaces are refused.
    Check,
    /// The namespace is recorded and not checked.
    Record,
    /// A payload without a namespace is refused, and so is a call without one.
    Require,
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// `Misconfigured` if a setting is missing or is not one of its words.
    pub(crate) fn read(settings: &Settings) -> Result<Self, Error> {
        let format = settings.one_of("format", &Format::NAMES)?.unwrap_or(Format::Sealed);
        let repeatable = settings.flag("repeatable")?;
        if repeatable && format != Format::Sealed {
            let text = "setting `repeatable` goes with format `sealed` only: \
                        a nonce of the others must never come twice";
            return Err(Error::misconfigured(text));
        }
        let binding = binding(settings)?;
        let requires_namespace = binding == Binding::Require;
        let accept = accept::accept(settings.get("accept"), format, requires_namespace)?;
        let ring = settings.required("ring")?.to_owned();
        Ok(Self { ring, format, accept, binding, repeatable })
    }
}

fn binding(settings: &Settings) -> Result<Binding, Error> {
    match settings.get("namespace") {
        None | Some("check") => Ok(Binding::Check),
        Some("record") => Ok(Binding::Record),
        Some("require") => Ok(Binding::Require),
        Some(_) => {
            let text = "setting `namespace` must be `check`, `require` or `record`";
            Err(Error::misconfigured(text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Config, Error> {
        Config::read(&Settings::from([("ring", "main"), (name, value)]))
    }

    #[test]
    fn writes_sealed_by_default() {
        assert_eq!(read("ring", "main").unwrap().format, Format::Sealed);
        assert_eq!(read("format", "sealed").unwrap().format, Format::Sealed);
        assert_eq!(read("format", "temporal").unwrap().format, Format::Temporal);
        assert_eq!(read("format", "temporal-proxy").unwrap().format, Format::TemporalProxy);
        let text = "setting `format` must be `sealed` or `temporal` or `temporal-proxy`";
        assert_eq!(read("format", "Sealed"), Err(Error::misconfigured(text)));
    }

    #[test]
    fn checks_the_namespace_by_default() {
        assert_eq!(read("ring", "main").unwrap().binding, Binding::Check);
        assert_eq!(read("namespace", "check").unwrap().binding, Binding::Check);
        assert_eq!(read("namespace", "record").unwrap().binding, Binding::Record);
        assert_eq!(read("namespace", "require").unwrap().binding, Binding::Require);
        let text = "setting `namespace` must be `check`, `require` or `record`";
        assert_eq!(read("namespace", ""), Err(Error::misconfigured(text)));
    }

    #[test]
    fn only_one_format_is_repeatable() {
        assert!(read("repeatable", "true").unwrap().repeatable);
        for format in ["temporal", "temporal-proxy"] {
            let both = [("ring", "main"), ("format", format), ("repeatable", "true")];
            assert!(matches!(Config::read(&Settings::from(both)), Err(Error::Misconfigured(_))));
        }
    }
}
