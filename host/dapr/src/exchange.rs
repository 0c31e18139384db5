//! Exchange of messages with a sidecar: requests are encoded, answers and work items decoded.
//!
//! Nothing here knows how messages travel.

mod batch;
mod crossing;
pub(crate) mod decode;
pub(crate) mod encode;
mod foreign;
mod place;
mod predict;
mod propagated;
mod target;
pub(crate) mod work_item;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use cloakroom_core::{CallMemory, Context, Error, ErrorKind, Limit, Remedy};
use cloakroom_pipeline::{Pipeline, PipelineSource};
use cloakroom_wire::{
    MessageType, Method, Scan, ScanLimits, Schema, WireError, WireErrorKind, scan_within,
};

use crate::{
    instances::Instances,
    metric::DispatchMeter,
    settings::{ExchangeSettings, ExchangeSettingsSource},
};

/// Encodes and decodes the messages between one app and its sidecar. Clones share one state.
///
/// It follows the instances whose messages pass, and stores more as one comes near the sidecar's limit.
#[derive(Clone)]
pub struct Exchange {
    shared: Arc<Shared>,
}

struct Shared {
    source: Box<dyn PipelineSource>,
    settings: Box<dyn ExchangeSettingsSource>,
    instances: Instances,
    meter: DispatchMeter,
}

/// One call of a gRPC method.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// Path of the method, `/Service/Method`.
    pub path: &'a str,
    /// Memory that counts the results until it is dropped. Without it, they are not counted after the
    /// pipeline returned them.
    pub memory: Option<&'a CallMemory>,
}

impl Exchange {
    /// Creates an exchange by this pipeline and these settings.
    #[must_use]
    pub fn new(source: impl PipelineSource, settings: impl ExchangeSettingsSource) -> Self {
        let shared = Shared {
            source: Box::new(source),
            settings: Box::new(settings),
            instances: Instances::default(),
            meter: DispatchMeter::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Returns whether messages of this method can hold payloads in requests, and in answers. A method
    /// without either passes as it is.
    #[must_use]
    pub fn holds_payloads(path: &str) -> (bool, bool) {
        let method = method(path);
        method.map_or((false, false), |Method { request, response }| {
            (request.holds_payloads(), response.holds_payloads())
        })
    }

    /// Returns the current settings.
    #[must_use]
    pub fn settings(&self) -> ExchangeSettings {
        self.shared.settings.exchange_settings()
    }

    fn pipeline(&self) -> Pipeline {
        self.shared.source.current()
    }

    /// Scans a message within the limits of the pipeline.
    fn scan(
        &self,
        pipeline: &Pipeline,
        message: MessageType,
        bytes: &Bytes,
    ) -> Result<Scan, Error> {
        let limits = ScanLimits { payloads: pipeline.max_payloads(), ..ScanLimits::default() };
        scan_within(&limits, message, bytes).map_err(malformed)
    }
}

/// Returns the context of all payloads of an app.
fn app_context(app_id: &str, memory: Option<&CallMemory>) -> Context {
    let ctx = Context::namespace(app_id);
    match memory {
        Some(memory) => ctx.with_memory(memory.clone()),
        None => ctx,
    }
}

fn method(path: &str) -> Option<Method> {
    Schema::dapr().method(path)
}

/// Returns the error about a message that is not as its type says.
fn malformed(error: WireError) -> Error {
    if let WireErrorKind::Payloads(most) = error.kind() {
        let text = format!(
            "the message has more than {most} payloads: send less at once, or raise the limit"
        );
        let error = Error::new(ErrorKind::LimitExceeded(Limit::Payloads), text);
        return error.with_remedies(&[Remedy::MostPayloads]);
    }
    Error::new(ErrorKind::Malformed, "the message is not as its type says").with_source(error)
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("settings", &self.settings()).finish_non_exhaustive()
    }
}
