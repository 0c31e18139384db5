//! State that all calls of a gateway share.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use cloakroom_pipeline::{Pipeline, PipelineSource};
use tokio::sync::{Notify, Semaphore};

use super::{hold_limit::HoldLimit, settings::GatewaySettings, waiting::Waiting};
use crate::{Exchange, ExchangeSettings, ExchangeSettingsSource};

/// Histories that are asked for at once.
const MOST_HISTORIES: usize = 4;

/// State that all calls of a gateway share.
pub(super) struct Sidecar {
    pub(super) exchange: Exchange,
    pub(super) current: Arc<Current>,
    /// Limit of items that are held back, of all streams.
    pub(super) items_held: HoldLimit,
    /// Limit of answers that wait.
    pub(super) answers_held: HoldLimit,
    /// Answers that wait: of one task, the newest.
    pub(super) answers: Waiting,
    pub(super) histories: Arc<Semaphore>,
    source: Quiet,
}

/// Settings as they are now.
pub(super) struct Current {
    pub(super) settings: ArcSwap<GatewaySettings>,
    /// Id of the app, once the sidecar has told it.
    pub(super) app_id: OnceLock<String>,
    /// Wakes whoever waits for other settings.
    pub(super) changed: Notify,
}

/// The pipeline, whose failures the gateway logs itself with the call that they belong to.
#[derive(Clone)]
struct Quiet(Arc<dyn PipelineSource>);

impl PipelineSource for Quiet {
    fn current(&self) -> Pipeline {
        self.0.current().quiet()
    }
}

impl Sidecar {
    pub(super) fn new(source: Arc<dyn PipelineSource>, current: Arc<Current>) -> Self {
        let source = Quiet(source);
        Self {
            exchange: Exchange::new(source.clone(), SettingsOf(current.clone())),
            current,
            items_held: HoldLimit::default(),
            answers_held: HoldLimit::default(),
            answers: Waiting::default(),
            histories: Arc::new(Semaphore::new(MOST_HISTORIES)),
            source,
        }
    }

    pub(super) fn settings(&self) -> Arc<GatewaySettings> {
        self.current.settings.load_full()
    }

    /// Returns the current pipeline.
    pub(super) fn pipeline(&self) -> Pipeline {
        self.source.current()
    }

    /// Returns the id of the app, or nothing as long as nobody has called.
    pub(super) fn app_id(&self) -> &str {
        self.current.app_id.get().map_or("", String::as_str)
    }
}

impl Current {
    pub(super) fn new(settings: GatewaySettings) -> Self {
        let app_id = settings.app_id.clone().map_or_else(OnceLock::new, OnceLock::from);
        Self { settings: ArcSwap::from_pointee(settings), app_id, changed: Notify::new() }
    }
}

/// Settings of the exchange, from those of the gateway.
struct SettingsOf(Arc<Current>);

impl ExchangeSettingsSource for SettingsOf {
    fn exchange_settings(&self) -> ExchangeSettings {
        let settings = self.0.settings.load();
        let app_id = self.0.app_id.get().map_or("", String::as_str);
        let mut exchange = ExchangeSettings::new(app_id);
        exchange.namespace.clone_from(&settings.namespace);
        exchange.max_body_size = settings.max_body_size;
        exchange
    }
}
