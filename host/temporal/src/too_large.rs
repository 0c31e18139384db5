//! Error for a field that is larger than Temporal accepts.

use cloakroom_core::{Context, Error, ErrorKind, Limit, Payload, Remedy, Thousands};
use cloakroom_pipeline::{Explanation, Pipeline};

use crate::limits::SizeLimits;

/// Names under which users know the refusal of a field: the code and the type of the SDKs' error,
/// and the server's message.
const FIELD: &str = "TMPRL1103, PayloadsTooLarge, `Blob data size exceeds limit`";

/// Name under which users know the refusal of a gRPC message.
const MESSAGE: &str = "GRPC_MESSAGE_TOO_LARGE";

/// Returns the error for a field of `size` bytes: the limit, the size of the largest payload after
/// each stage, and what to change.
///
/// The field is refused here and not by the server: only the worker knows the size after each
/// stage, and a task that fails in the worker is retried until the configuration helps.
pub(crate) async fn error(
    pipeline: &Pipeline,
    ctx: &Context,
    payloads: Vec<Payload>,
    size: u64,
    limits: &SizeLimits,
) -> Error {
    let (count, budget) = (payloads.len(), limits.budget());
    let largest = payloads.into_iter().enumerate().max_by_key(|(_, one)| one.encoded_len());
    let Some((slot, largest)) = largest else {
        return Error::new(ErrorKind::Internal, "an empty field is too large");
    };
    let in_payloads = if count == 1 { String::new() } else { format!(" in {count} payloads") };
    let max = Thousands(budget.most().unwrap_or_default());
    let known_as = if budget == limits.field { FIELD } else { MESSAGE };
    let encoded = largest.encoded_len();
    let explanation = pipeline.explain(ctx, largest).await;
    let (help, remedies) = help(pipeline, ctx, encoded, &explanation);
    let text = format!(
        "the field has {} bytes{in_payloads}, but Temporal accepts {max} ({known_as}): payload {slot} \
         {}; {help}",
        Thousands(size),
        sizes(&explanation),
    );
    Error::new(ErrorKind::LimitExceeded(Limit::Message), text).with_remedies(remedies)
}

/// Returns the sizes of a payload in the order of encoding, from the application's to the last
/// stage's.
fn sizes(explanation: &Explanation) -> String {
    let mut text = String::new();
    // A layer names the stage that removed it when decoding, so the size after a stage is that of
    // the layer before.
    let mut stage: Option<&str> = None;
    for layer in explanation.layers.iter().rev() {
        let bytes = Thousands(layer.bytes as u64);
        match stage {
            None => text = format!("had {bytes} bytes"),
            Some(stage) => text.push_str(&format!(", {bytes} after {stage}")),
        }
        stage = layer.by.as_deref();
    }
    text
}

/// Returns what to change, and the settings that decide about it.
fn help(
    pipeline: &Pipeline,
    ctx: &Context,
    size: usize,
    explanation: &Explanation,
) -> (String, &'static [Remedy]) {
    let namespace = ctx.namespace_name().unwrap_or_default();
    match (pipeline.threshold_in(namespace), &explanation.stored) {
        (_, Some(stored)) => {
            let driver = &stored.driver;
            let text =
                format!("driver `{driver}` stored it already: pass fewer arguments in one call");
            (text, &[])
        }
        (None, _) => {
            let text = "it was not stored, because there is no storage: add one";
            (text.to_owned(), &[Remedy::Storage])
        }
        (Some(threshold), _) if size < threshold.as_usize() => {
            let text = format!(
                "it was not stored, because it is below the threshold of {threshold}: lower it"
            );
            (text, &[Remedy::Threshold])
        }
        (Some(_), _) => {
            let text = "it was not stored, because a rule excludes it or no driver may write: change \
                        the rule, or add a driver";
            (text.to_owned(), &[Remedy::Rules, Remedy::Drivers])
        }
    }
}
