//! `data_key` and `opened` of `[keys.NAME]`, as written.

use std::num::{NonZeroU64, NonZeroUsize};

use cloakroom_keys::{DataKeySettings, Form, OpenedSettings, Per, WrappedPlace};
use serde::Deserialize;

use super::units::Span;

/// `keys.NAME.data_key`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataKeyEntry {
    lifetime: Option<Span>,
    renew_before: Option<Span>,
    messages: Option<NonZeroU64>,
    per: Option<PerWord>,
    form: Option<FormWord>,
    wrapped: Option<WrappedWord>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PerWord {
    Namespace,
    Ring,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FormWord {
    Cloakroom,
    TemporalProxy,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrappedWord {
    Inline,
    Store,
}

impl DataKeyEntry {
    /// Returns the settings: defaults with the values of the file in their place.
    pub(crate) fn settings(&self) -> DataKeySettings {
        let default = DataKeySettings::default();
        let span = |span: &Option<Span>| span.as_ref().map(|span| span.0);
        let lifetime = span(&self.lifetime).unwrap_or(default.lifetime);
        DataKeySettings {
            lifetime,
            // Who sets only a short lifetime means the same share of it.
            renew_before: span(&self.renew_before).unwrap_or(lifetime / 4),
            messages: self.messages.unwrap_or(default.messages),
            per: match self.per {
                Some(PerWord::Ring) => Per::Ring,
                Some(PerWord::Namespace) | None => Per::Namespace,
            },
            form: match self.form {
                Some(FormWord::TemporalProxy) => Form::TemporalProxy,
                Some(FormWord::Cloakroom) | None => Form::Cloakroom,
            },
            wrapped: match self.wrapped {
                Some(WrappedWord::Store) => WrappedPlace::Store,
                Some(WrappedWord::Inline) | None => WrappedPlace::Inline,
            },
        }
    }
}

/// `keys.NAME.opened`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenedEntry {
    keys: Option<NonZeroUsize>,
    age: Option<Span>,
}

impl OpenedEntry {
    /// Returns the settings: defaults with the values of the file in their place.
    pub(crate) fn settings(&self) -> OpenedSettings {
        let default = OpenedSettings::default();
        OpenedSettings {
            keys: self.keys.unwrap_or(default.keys),
            age: self.age.as_ref().map_or(default.age, |span| span.0),
        }
    }
}
