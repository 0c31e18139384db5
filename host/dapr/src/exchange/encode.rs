//! Encodes the payloads of a request, as one batch.

use bytes::Bytes;
use cloakroom_core::{
    ByteSize, Context, Direction, Error, ErrorKind, Limit, Payload, Remedy, Thousands,
};
use cloakroom_pipeline::{Pipeline, Room, Stage, Verdict};
use cloakroom_wire::{Scan, View, splice};

use super::{
    Call, Exchange, app_context, crossing, malformed, method,
    place::{Place, check_text, place},
    target,
};
use crate::{Forecast, budget, settings::ExchangeSettings, text};

/// Payloads of one instance that have room until it stalls, each as large as the threshold.
const PAYLOADS_LEFT: u64 = 16;

/// A request that was encoded.
#[derive(Debug)]
#[non_exhaustive]
pub struct Encoded {
    /// The message. It is the same if nothing had to change.
    pub bytes: Bytes,
    /// Number of payloads that were encoded.
    pub payloads: usize,
    /// Dispatches that will stall, by what is known. They were logged, each once.
    pub stalls: Vec<Forecast>,
    /// Instance whose history did not pass here, for [`Exchange::history_request`]. It is named once.
    pub unknown_instance: Option<String>,
}

impl Encoded {
    /// Returns a request in which nothing had to change.
    pub(crate) fn as_it_is(bytes: Bytes) -> Self {
        Self { bytes, payloads: 0, stalls: vec![], unknown_instance: None }
    }
}

/// The texts of a request that are encoded.
struct Batch {
    /// Site of each payload.
    sites: Vec<usize>,
    payloads: Vec<Payload>,
    targets: Vec<Context>,
}

impl Exchange {
    /// Encodes the payloads of a request. A method that is not known passes as it is.
    ///
    /// # Errors
    /// Those of the pipeline. `Malformed` if the message is not as its type says, or a payload is not
    /// UTF-8. `Denied` if another app would get what it may not open. `LimitExceeded(Message)` if it is
    /// larger than the sidecar accepts.
    pub async fn encode_request(&self, call: &Call<'_>, bytes: Bytes) -> Result<Encoded, Error> {
        let message = method(call.path).map(|method| method.request);
        let Some(message) = message.filter(|message| message.holds_payloads()) else {
            return Ok(Encoded::as_it_is(bytes));
        };
        let (pipeline, settings) = (self.pipeline(), self.settings());
        let ctx = app_context(&settings.app_id, call.memory);
        let report = |error| pipeline.report_failure(&ctx, Direction::Encode, error);
        let found = self.scan(&pipeline, message, &bytes).map_err(report)?;
        let ctx = target::of_request(ctx.clone(), found.root(), &self.shared.instances);
        let (encoded, payloads) = self.encode_found(&pipeline, &settings, &ctx, &found).await?;
        check_size(&encoded, &settings).map_err(report)?;
        let after = View::new(message, &encoded);
        let (stalls, unknown_instance) = self.follow_request(&settings, found.root(), after);
        Ok(Encoded { payloads, stalls, unknown_instance, ..Encoded::as_it_is(encoded) })
    }

    async fn encode_found(
        &self,
        pipeline: &Pipeline,
        settings: &ExchangeSettings,
        ctx: &Context,
        found: &Scan,
    ) -> Result<(Bytes, usize), Error> {
        let report = |error| pipeline.report_failure(ctx, Direction::Encode, error);
        let targets = target::of_sites(ctx, found, &self.shared.instances);
        let batch = Batch::new(pipeline, settings, found, &targets).map_err(report)?;
        crossing::check(pipeline, ctx, found, batch.sites.iter().zip(&batch.targets))
            .map_err(report)?;
        let mut texts = escape_failures(found, &batch.sites);
        let count = batch.payloads.len();
        if count > 0 {
            let room = self.room(settings, found, &batch);
            let pipeline = pipeline.clone().keeping_own().fitting(room);
            let ctx = ctx.clone().with_targets(batch.targets);
            let encoded = pipeline.encode(&ctx, batch.payloads).await?;
            for (site, payload) in batch.sites.iter().zip(&encoded) {
                let written = text::write(payload);
                if let Some(text) = texts.get_mut(*site) {
                    *text = Some(written).filter(|written| *written != found.payload(*site));
                }
            }
        }
        let spliced = splice(found, texts).map_err(|error| report(malformed(error)))?;
        Ok((spliced, count))
    }

    /// Returns the room that the payloads of a request have: in the message, and in the next dispatch of
    /// the instance that they join. The threshold falls as that comes near its limit.
    fn room(&self, settings: &ExchangeSettings, found: &Scan, batch: &Batch) -> Room {
        let Some(most) = budget::of(settings.max_body_size).most() else {
            return Room::new(u64::MAX);
        };
        let known = target::instance_id(found.root());
        let known = known.and_then(|id| self.shared.instances.weight(id));
        let left = most.saturating_sub(known.map_or(0, |weight| weight.sent));
        let own: usize = batch.sites.iter().map(|site| found.payload(*site).len()).sum();
        let framing = found.bytes().len().saturating_sub(own) as u64;
        // Encoded payloads are written in base64.
        let room = left.saturating_sub(framing) / 4 * 3;
        Room::new(room).with_threshold(ByteSize::bytes(left / PAYLOADS_LEFT))
    }
}

impl Batch {
    /// Collects the payloads, and the texts of failures if these are encoded.
    ///
    /// # Errors
    /// `Malformed` if a payload is not UTF-8.
    fn new(
        pipeline: &Pipeline,
        settings: &ExchangeSettings,
        found: &Scan,
        targets: &[Context],
    ) -> Result<Self, Error> {
        let is_required = || pipeline.stages().iter().any(Stage::is_required_to_encode);
        let encodes_failures = settings.encode_failures.unwrap_or_else(is_required);
        let mut batch = Self { sites: Vec::new(), payloads: Vec::new(), targets: Vec::new() };
        for (site, target) in targets.iter().enumerate() {
            let text = found.payload(site);
            let is_encoded = match place(found, site) {
                Place::Payload => true,
                Place::Failure => encodes_failures,
                Place::Other => false,
            };
            // The sidecar reads the input of its own workflows, and an empty text says nothing.
            if text.is_empty() || target.is_plaintext() || !is_encoded {
                continue;
            }
            check_text(found, site, &text)?;
            batch.sites.push(site);
            batch.payloads.push(text::to_encode(text));
            batch.targets.push(target.clone());
        }
        Ok(batch)
    }
}

/// Returns the new text of each site that is not encoded: one of a failure that looks like the form is
/// escaped, since decoding would take it for the form.
fn escape_failures(found: &Scan, encoded: &[usize]) -> Vec<Option<Bytes>> {
    let escape = |site: usize| {
        if encoded.binary_search(&site).is_ok() || place(found, site) != Place::Failure {
            return None;
        }
        let text = found.payload(site);
        let written = text::write(&text::plain(text.clone()));
        (written != text).then_some(written)
    };
    (0..found.sites().len()).map(escape).collect()
}

/// Refuses a request that is larger than the sidecar receives.
///
/// The limit is the sidecar's itself, not 95 % of it: that is for what the sidecar sends.
fn check_size(encoded: &Bytes, settings: &ExchangeSettings) -> Result<(), Error> {
    let limit = cloakroom_pipeline::Budget { max: settings.max_body_size, percent: 100 };
    if limit.verdict(encoded.len() as u64) == Verdict::Fits {
        return Ok(());
    }
    let text = format!(
        "the message has {} bytes, and the sidecar receives no more than {} (`--max-body-size`, \
         `ResourceExhausted`): lower the threshold of storage, or raise the limit of the sidecar and the \
         gateway",
        Thousands(encoded.len() as u64),
        Thousands(settings.max_body_size.unsigned_abs()),
    );
    let error = Error::new(ErrorKind::LimitExceeded(Limit::Message), text);
    Err(error.with_remedies(&[Remedy::Threshold]))
}
