//! Conversions between the contract's types and ours. They destructure, so that a new case is a compile
//! error.

use cloakroom_core::{Error, ErrorKind, Limit, Purpose};

use super::bindings::{
    cloakroom::plugin::types::Error as WitError,
    exports::cloakroom::plugin::{about, codec},
};
use crate::{
    about::{About, SettingKind, SettingSchema},
    instance::{
        call::Call,
        guest_error::{GuestError, Refusal},
        state::InstanceState,
    },
};

/// Reads an error that a guest returned.
pub(super) fn guest_error(error: WitError) -> GuestError {
    let (kind, text) = match error {
        WitError::Malformed(text) => (ErrorKind::Malformed, text),
        WitError::Misconfigured(text) => (ErrorKind::Config, text),
        WitError::Denied(text) => (ErrorKind::Denied, text),
        WitError::NotFound(text) => (ErrorKind::NotFound, text),
        WitError::Unavailable(text) => (ErrorKind::Unavailable, text),
        WitError::TooLarge(text) => (ErrorKind::LimitExceeded(Limit::Payload), text),
        WitError::Other(text) => (ErrorKind::Failed, text),
    };
    GuestError { kind, text }
}

/// Reads the error of a guest that describes itself. It has read no payload, so its text is kept, unless it
/// has seen a secret.
pub(super) fn describe_error(state: &mut InstanceState, error: WitError) -> Error {
    let refusal = state.call.refusal.take().map(|refusal| *refusal);
    let config = &state.config;
    let error = guest_error(error);
    if state.call.confidential {
        return error.explain(refusal, &config.grants, &config.settings);
    }
    match refusal.filter(|refusal| refusal.for_guest.text == error.text) {
        Some(refusal) => refusal.error,
        None => error.with_text(),
    }
}

/// Returns an error of the host as the guest sees it.
fn to_wit(error: &Error) -> WitError {
    let text = error.to_string();
    match error.kind() {
        ErrorKind::NotFound => WitError::NotFound(text),
        ErrorKind::Unavailable => WitError::Unavailable(text),
        ErrorKind::LimitExceeded(_) => WitError::TooLarge(text),
        ErrorKind::Denied => WitError::Denied(text),
        ErrorKind::Malformed => WitError::Malformed(text),
        // Kinds that a guest could do nothing about. The operator sees them in `Call::refusal`.
        _ => WitError::Other(text),
    }
}

impl Call {
    /// Records that the host refused a request, and returns the error for the guest.
    pub(super) fn refuse(&mut self, error: Error) -> WitError {
        let for_guest = to_wit(&error);
        self.refuse_with(for_guest, error)
    }

    /// Records that the host refused a request, with another error for the guest.
    pub(super) fn refuse_with(&mut self, for_guest: WitError, error: Error) -> WitError {
        let refusal = Refusal { for_guest: guest_error(for_guest.clone()), error };
        self.refusal = Some(Box::new(refusal));
        for_guest
    }
}

pub(super) fn purpose(purpose: codec::Purpose) -> Purpose {
    match purpose {
        codec::Purpose::Compression => Purpose::Compression,
        codec::Purpose::Conversion => Purpose::Conversion,
        codec::Purpose::Encryption => Purpose::Encryption,
    }
}

/// Puts the answers of a plugin about itself together.
pub(super) fn about(
    facts: about::Facts,
    settings: Vec<about::Setting>,
    metadata_names: Vec<String>,
) -> About {
    let about::Facts { name, version, licence, summary, homepage } = facts;
    let settings = settings.into_iter().map(setting).collect();
    About { name, version, licence, summary, homepage, settings, metadata_names }
}

fn setting(setting: about::Setting) -> SettingSchema {
    let about::Setting { name, description, kind, default, required } = setting;
    let kind = match kind {
        about::SettingKind::Text => SettingKind::Text,
        about::SettingKind::Flag => SettingKind::Flag,
        about::SettingKind::Integer(about::IntegerRange { least, most }) => {
            SettingKind::Integer { least, most }
        }
        about::SettingKind::Size(about::SizeRange { least, most }) => {
            SettingKind::Size { least, most }
        }
        about::SettingKind::Duration => SettingKind::Duration,
        about::SettingKind::OneOf(words) => SettingKind::OneOf(words),
        about::SettingKind::Lines => SettingKind::Lines,
        about::SettingKind::NameOf(grant) => SettingKind::NameOf(grant),
    };
    SettingSchema { name, description, kind, default, required }
}
