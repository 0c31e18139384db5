//! Settings of a gateway for Dapr.

use std::time::Duration;

use cloakroom_core::ByteSize;
use cloakroom_grpc::proxy::{ProxySettings, UpstreamUrl};

/// Largest message by default: far more than a sidecar or an SDK takes.
const MESSAGE: ByteSize = ByteSize::mib(128);

/// Limit of a sidecar and of most SDKs by default.
const MAX_SIZE: i64 = 4 << 20;

/// Time by default in which an activity is tried again.
const HOLD_TIME: Duration = Duration::from_secs(30);

/// Settings of a gateway for Dapr.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GatewaySettings {
    /// The sidecar, the callers that may connect, and the times of a call.
    pub proxy: ProxySettings,
    /// Largest message of an app, before it is encoded or after it was decoded. Default: 128 MiB.
    pub message: ByteSize,
    /// The sidecar's `--max-body-size`. Zero and less mean that there is no limit. Default: 4 MiB.
    pub max_body_size: i64,
    /// Largest message that the app's SDK receives. Zero and less mean that there is no limit. Default:
    /// 4 MiB.
    pub app_max_message: i64,
    /// Id of the app, which is the namespace of its payloads. Default: the sidecar is asked.
    pub app_id: Option<String>,
    /// Namespace of Dapr, in metrics. Default: `default`.
    pub namespace: String,
    /// Time in which an activity is tried again whose payloads cannot be decoded or encoded now, until it is
    /// failed.
    /// Default: 30 seconds. A workflow is tried again without an end.
    pub hold_time: Duration,
}

impl GatewaySettings {
    /// Returns the default settings of a gateway before this sidecar.
    #[must_use]
    pub fn new(upstream: UpstreamUrl) -> Self {
        Self {
            proxy: ProxySettings::new(upstream),
            message: MESSAGE,
            max_body_size: MAX_SIZE,
            app_max_message: MAX_SIZE,
            app_id: None,
            namespace: "default".to_owned(),
            hold_time: HOLD_TIME,
        }
    }

    /// Returns whether other settings apply in full only after a restart, because more differs than
    /// [`Gateway::swap`](super::Gateway::swap) applies.
    #[must_use]
    pub fn needs_restart(&self, other: &Self) -> bool {
        self.with_swapped(other) != *other
    }

    /// Returns these settings with what a swap takes over from others.
    pub(super) fn with_swapped(&self, other: &Self) -> Self {
        let mut proxy = self.proxy.clone();
        proxy.callers = other.proxy.callers.clone();
        proxy.upstream_tls = other.proxy.upstream_tls.clone();
        proxy.injects_credentials = other.proxy.injects_credentials;
        Self {
            proxy,
            max_body_size: other.max_body_size,
            app_max_message: other.app_max_message,
            hold_time: other.hold_time,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_applies_limits_and_callers_and_nothing_else() {
        let settings = GatewaySettings::new("http://127.0.0.1:50001".parse().unwrap());
        let mut other = settings.clone();
        other.max_body_size = 16 << 20;
        other.app_max_message = 0;
        other.hold_time = Duration::from_secs(5);
        assert!(!settings.needs_restart(&other));
        assert_eq!(settings.with_swapped(&other), other);
        other.app_id = Some("orders".to_owned());
        assert!(settings.needs_restart(&other));
        let elsewhere = GatewaySettings::new("http://127.0.0.1:50002".parse().unwrap());
        assert!(settings.needs_restart(&elsewhere));
    }
}
