//! Settings of an exchange, which a reload may change.

/// Settings of an exchange with one sidecar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeSettings {
    /// Id of the app. It is the namespace of the app's payloads.
    pub app_id: String,
    /// Namespace of Dapr that metrics name.
    pub namespace: String,
    /// The sidecar's `--max-body-size`. Zero and less mean that there is no limit.
    pub max_body_size: i64,
    /// True if the texts of failures are encoded. Default: where a stage is required.
    pub encode_failures: Option<bool>,
}

/// Source of the current settings.
pub trait ExchangeSettingsSource: Send + Sync + 'static {
    /// Returns the current settings.
    fn exchange_settings(&self) -> ExchangeSettings;
}

/// Settings that never change.
impl ExchangeSettingsSource for ExchangeSettings {
    fn exchange_settings(&self) -> ExchangeSettings {
        self.clone()
    }
}

impl ExchangeSettings {
    /// Returns the settings for an app of a sidecar with its default limit of 4 MiB.
    #[must_use]
    pub fn new(app_id: &str) -> Self {
        Self {
            app_id: app_id.to_owned(),
            namespace: "default".to_owned(),
            max_body_size: 4 << 20,
            encode_failures: None,
        }
    }
}
