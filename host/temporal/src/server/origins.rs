//! Web pages that ask without being listed, and what would let them.

use http::HeaderValue;
use tokio::time::Instant;

use super::{Settings, Shared, peer::Peer, settings::is_origin};

impl Shared {
    /// Logs a preflight that was refused, once for each origin: the browser shows no reason, and the
    /// page sends nothing else.
    pub(super) fn log_preflight(&self, peer: Peer, origin: &HeaderValue) {
        let Some(repeated) = self.is_new_page(origin) else {
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

    /// Returns how many refusals of the origin were not logged, if this one should be.
    pub(super) fn is_new_page(&self, origin: &HeaderValue) -> Option<u64> {
        self.pages.note(&shown(origin), Instant::now())
    }
}

/// Says what to do for a page of this origin to be let in.
pub(super) fn advice(settings: &Settings, origin: &HeaderValue) -> String {
    let origin = shown(origin);
    if !is_origin(&origin) {
        return format!(
            "a page without an origin of its own (`{origin}`) asked, and none can be listed for it"
        );
    }
    let add = format!(
        "a page of {origin} may not ask: if it should, add \"{origin}\" to `codec_server.origins`"
    );
    let is_twin = |listed: &&String| twin(listed).is_some_and(|twin| twin == origin);
    match settings.origins.iter().find(is_twin) {
        Some(listed) => {
            format!("{add}; {listed} is listed, and to a browser it is another origin")
        }
        None => add,
    }
}

/// The same machine by its other name.
fn twin(origin: &str) -> Option<String> {
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
    fn it_says_what_to_add() {
        let settings =
            Settings { origins: vec!["http://localhost:8233".to_owned()], ..Settings::default() };
        let advice = |origin| advice(&settings, &HeaderValue::from_static(origin));
        assert_eq!(
            advice("http://127.0.0.1:8233"),
            "a page of http://127.0.0.1:8233 may not ask: if it should, add \
             \"http://127.0.0.1:8233\" to `codec_server.origins`; http://localhost:8233 is listed, \
             and to a browser it is another origin"
        );
        assert!(advice("https://ui.example").ends_with("to `codec_server.origins`"));
        assert!(advice("http://localhost.evil:8233").ends_with("to `codec_server.origins`"));
        assert!(advice("null").contains("none can be listed"));
    }
}
