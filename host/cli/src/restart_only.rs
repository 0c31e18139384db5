//! Settings of the codec server that a reload does not apply.

use cloakroom::temporal::server::{Address, ServerSettings};

/// Values of the settings that need a restart, by key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RestartOnly(Vec<(&'static str, String)>);

impl RestartOnly {
    /// Collects the values. `listen` is `None` if the command line overrides it.
    pub(crate) fn new(listen: Option<&Address>, settings: &ServerSettings) -> Self {
        // Kept as texts, because they are compared and shown and not used otherwise.
        let unset = || "not set".to_owned();
        let metrics = settings.metrics.map_or_else(unset, |at| at.to_string());
        let listen = listen.map(|listen| ("codec_server.listen", listen.to_string()));
        let others = [
            ("codec_server.metrics_listen", metrics),
            ("codec_server.requests", settings.requests.to_string()),
            ("codec_server.connections", settings.connections.to_string()),
            (
                "codec_server.connections_per_address",
                settings.connections_per_address.map_or_else(unset, |most| most.to_string()),
            ),
        ];
        Self(listen.into_iter().chain(others).collect())
    }

    /// Returns the keys that differ, with the old and the new value.
    fn changes<'a>(&'a self, now: &'a Self) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
        let pairs = self.0.iter().zip(&now.0);
        pairs.filter(|(old, new)| old != new).map(|((key, old), (_, new))| (*key, &**old, &**new))
    }

    /// Warns about each changed setting.
    pub(crate) fn warn(&self, now: &Self) {
        for (key, old, new) in self.changes(now) {
            tracing::warn!(key, old, new, "this setting changed, and applies after a restart");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_changed_settings() {
        let listen = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let mut settings = ServerSettings::default();
        let before = RestartOnly::new(Some(&listen(8081).into()), &settings);
        assert_eq!(before.changes(&before).count(), 0);
        settings.requests = 7;
        settings.metrics = Some(listen(9464));
        // A reload applies this one.
        settings.credentials = true;
        let after = RestartOnly::new(Some(&listen(8082).into()), &settings);
        let changes: Vec<_> = before.changes(&after).collect();
        assert_eq!(
            changes,
            [
                ("codec_server.listen", "127.0.0.1:8081", "127.0.0.1:8082"),
                ("codec_server.metrics_listen", "not set", "127.0.0.1:9464"),
                ("codec_server.requests", "32", "7"),
            ]
        );
    }
}
