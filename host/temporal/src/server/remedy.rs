//! Names of settings for codec servers that are set up by hand.

use cloakroom_core::{Error, ErrorKind, Remedy};

use super::settings::ServerSettings;

/// Returns the field to set, or the method to call.
pub(super) fn server_method(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::ServerAnonymous => "ServerSettings::anonymous",
        Remedy::ServerBody => "ServerSettings::body",
        Remedy::ServerConnections => "ServerSettings::connections",
        Remedy::ServerKeySet => "Auth::with_key_set",
        Remedy::ServerMetrics => "ServerSettings::metrics",
        Remedy::ServerNamespaces => "Auth::with_namespace_claim",
        Remedy::ServerOrigins => "ServerSettings::origins",
        Remedy::ServerTime => "ServerSettings::time",
        Remedy::ServerToken => "Auth::with_token",
        Remedy::ServerWriteTime => "ServerSettings::write_time",
        _ => "ServerSettings",
    }
}

impl ServerSettings {
    /// Returns a text with the names of the settings that decide about it, as an error has them: a
    /// refusal is a response or a log line, and not an error of the server.
    pub(super) fn name_remedies(&self, text: &str, remedies: &'static [Remedy]) -> String {
        let error = Error::new(ErrorKind::Denied, text).with_remedies(remedies);
        error.name_remedies(self.remedy_names).to_string()
    }
}
