//! Names of settings for codec servers that are set up by hand.

use cloakroom_core::Remedy;

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
