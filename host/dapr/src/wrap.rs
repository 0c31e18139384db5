//! Texts of one app, encoded and decoded in the app's own process: for apps in Rust.

mod activity;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use cloakroom_core::{Context, Direction, Error, ErrorKind, Kind, Payload};
use cloakroom_pipeline::{Pipeline, PipelineSource, Stage};

use crate::text;

/// Texts of one app, which a pipeline encodes and decodes without a gateway. `E` is the error of the
/// app's SDK. Clones share one pipeline.
///
/// A text that is encoded here is decoded by a gateway with the same configuration, and the other way
/// round.
pub struct AppTexts<E> {
    shared: Arc<Shared<E>>,
}

struct Shared<E> {
    source: Box<dyn PipelineSource>,
    app_id: String,
    error_of: fn(Error) -> E,
}

impl<E> AppTexts<E> {
    /// Returns the texts of the app with this id, by this pipeline. The id is the namespace of its
    /// payloads. `error_of` makes an error of the SDK; the text of one is [`Error::report`].
    #[must_use]
    pub fn new(source: impl PipelineSource, app_id: &str, error_of: fn(Error) -> E) -> Self {
        let (source, app_id) = (Box::new(source), app_id.to_owned());
        Self { shared: Arc::new(Shared { source, app_id, error_of }) }
    }

    /// Encodes a text of a workflow instance. An empty text stays as it is, and so does one that was encoded
    /// before.
    ///
    /// # Errors
    /// Those of the pipeline.
    pub async fn encode(&self, instance: &str, text: Option<String>) -> Result<Option<String>, E> {
        let text = match text {
            Some(text) if !text.is_empty() => text,
            nothing => return Ok(nothing),
        };
        let ctx = self.context().with_target(Kind::Workflow, instance, "", None);
        let pipeline = self.shared.source.current().keeping_own();
        let payload = text::to_encode(text.into());
        let encoded = pipeline.encode(&ctx, vec![payload]).await;
        let written = encoded.and_then(only).and_then(|payload| as_text(text::write(&payload)));
        written.map(Some).map_err(|error| self.report(&pipeline, Direction::Encode, error))
    }

    /// Decodes a text. One in the clear stays as it is, unless a stage is required.
    ///
    /// # Errors
    /// Those of the pipeline. `Malformed` if the text looks like an encoded one and cannot be read.
    pub async fn decode(&self, text: Option<String>) -> Result<Option<String>, E> {
        let text = match text {
            Some(text) if !text.is_empty() => text,
            nothing => return Ok(nothing),
        };
        let pipeline = self.shared.source.current();
        let decoded = decode(&pipeline, &self.context(), text).await;
        decoded.map(Some).map_err(|error| self.report(&pipeline, Direction::Decode, error))
    }

    fn context(&self) -> Context {
        Context::namespace(&self.shared.app_id)
    }

    fn report(&self, pipeline: &Pipeline, direction: Direction, error: Error) -> E {
        (self.shared.error_of)(pipeline.report_failure(&self.context(), direction, error))
    }
}

async fn decode(pipeline: &Pipeline, ctx: &Context, text: String) -> Result<String, Error> {
    let checks_plain = || pipeline.stages().iter().any(Stage::is_required_to_encode);
    let payload = match text::read(text.as_bytes())? {
        Some(payload) => payload,
        None if checks_plain() => text::plain(text.clone().into()),
        None => return Ok(text),
    };
    let decoded = only(pipeline.decode(ctx, vec![payload.clone()]).await?)?;
    if text::is_plain(&decoded) {
        return as_text(decoded.data);
    }
    // A text that no stage owns only looks like the form.
    if decoded == payload { Ok(text) } else { as_text(text::write(&decoded)) }
}

/// Returns the payload of a batch of one.
fn only(batch: Vec<Payload>) -> Result<Payload, Error> {
    let payload = batch.into_iter().next();
    payload
        .ok_or_else(|| Error::new(ErrorKind::Internal, "the pipeline returned no payload for one"))
}

fn as_text(bytes: Bytes) -> Result<String, Error> {
    String::from_utf8(bytes.into()).map_err(|_| {
        let text =
            "the payload is not UTF-8, and Dapr carries nothing else: write it as JSON or base64";
        Error::new(ErrorKind::Malformed, text)
    })
}

impl<E> Clone for AppTexts<E> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<E> fmt::Debug for AppTexts<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppTexts").field("app_id", &self.shared.app_id).finish_non_exhaustive()
    }
}
