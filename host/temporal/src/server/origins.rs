//! Web pages whose origin is not allowed, and the advice that is logged for them.

use cloakroom_core::Remedy;
use http::HeaderValue;
use tokio::time::Instant;

use super::{
    peer::Peer,
    settings::{ServerSettings, is_origin},
    state::ServerState,
};

impl ServerState {
    /// Logs a refused preflight, once per origin.
    ///
    /// The log is the only place that can tell the operator: the browser shows no reason, and the
    /// page sends no further request.
    pub(super) fn log_preflight(&self, peer: Peer, origin: &HeaderValue) {
        let Some(repeated) = self.note_origin(origin) else {
            return;
        };
        let advice = advice(&self.settings.load(), origin);
        tracing::warn!(
            target: "cloakroom::request",
            origin = shown(origin),
            peer = peer.to_string(),
            repeated,
            error = advice,
            "refused a preflight"
        );
    }

    /// Records a refused origin.
    ///
    /// Returns `Some` if it should be logged, with the number of refusals since the last logged
    /// one.
    pub(super) fn note_origin(&self, origin: &HeaderValue) -> Option<u64> {
        self.refused_origins.note(&shown(origin), Instant::now())
    }
}

/// Returns the change of the configuration that would allow this origin.
pub(super) fn advice(settings: &ServerSettings, origin: &HeaderValue) -> String {
    let origin = shown(origin);
    if !is_origin(&origin) {
        return format!(
            "a page with the opaque origin `{origin}` may not ask, and no setting can allow it"
        );
    }
    let add = format!("a page of {origin} may not ask: if it should, add \"{origin}\"");
    let is_alias = |allowed: &&String| alias(allowed).is_some_and(|alias| alias == origin);
    let text = match settings.origins.iter().find(is_alias) {
        Some(allowed) => {
            format!("{add}; {allowed} is allowed, but browsers treat it as another origin")
        }
        None => add,
    };
    settings.name_remedies(&text, &[Remedy::ServerOrigins])
}

/// Returns the origin with `localhost` in place of `127.0.0.1`, or the other way round.
fn alias(origin: &str) -> Option<String> {
    let swapped = |one: &str, other: &str| {
        let (scheme, host) = origin.split_once("://")?;
        let port =
            host.strip_prefix(one).filter(|port| port.is_empty() || port.starts_with(':'))?;
        Some(format!("{scheme}://{other}{port}"))
    };
    swapped("localhost", "127.0.0.1").or_else(|| swapped("127.0.0.1", "localhost"))
}

fn shown(origin: &HeaderValue) -> String {
    cloakroom_core::clean(&String::from_utf8_lossy(origin.as_bytes()), 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advises_which_origin_to_add() {
        let settings = ServerSettings {
            origins: vec!["http://localhost:8233".to_owned()],
            ..ServerSettings::default()
        };
        let advice = |origin| advice(&settings, &HeaderValue::from_static(origin));
        assert_eq!(
            advice("http://127.0.0.1:8233"),
            "a page of http://127.0.0.1:8233 may not ask: if it should, add \
             \"http://127.0.0.1:8233\"; http://localhost:8233 is allowed, but browsers treat it as \
             another origin (`ServerSettings::origins`)"
        );
        assert!(advice("https://ui.example").ends_with("(`ServerSettings::origins`)"));
        assert!(advice("http://localhost.evil:8233").ends_with("(`ServerSettings::origins`)"));
        assert!(advice("null").contains("no setting can allow it"));
    }
}
