//! Decodes the payloads of an answer, as one batch, equal ones once.

use std::fmt;

use bytes::Bytes;
use cloakroom_core::{Context, Direction, Error, Thousands};
use cloakroom_pipeline::Pipeline;
use cloakroom_wire::{Scan, splice};

use super::{Call, Exchange, app_context, batch::Batch, foreign, malformed, method};

/// A message that was decoded.
#[derive(Debug)]
#[non_exhaustive]
pub struct Decoded {
    /// The message. It is the same if nothing had to change.
    pub bytes: Bytes,
    /// Number of texts that were decoded.
    pub payloads: usize,
}

/// The reason why a message is not handed on.
#[derive(Debug)]
pub enum Refused {
    /// A payload could not be decoded.
    Undecodable(Error),
    /// The decoded message is larger than its receiver takes.
    TooLarge {
        /// Size of the decoded message, or of the objects that it refers to if those alone are too
        /// large. These were not fetched then.
        size: u64,
        /// The most bytes that were asked for.
        most: u64,
    },
}

impl Exchange {
    /// Decodes the payloads of an answer, unless that makes it larger than `most` bytes. A method that is
    /// not known passes as it is.
    ///
    /// # Errors
    /// `Undecodable` with the errors of the pipeline, and if the message is not as its type says;
    /// `TooLarge`.
    pub async fn decode_answer(
        &self,
        call: &Call<'_>,
        bytes: Bytes,
        most: usize,
    ) -> Result<Decoded, Refused> {
        let message = method(call.path).map(|method| method.response);
        let Some(message) = message.filter(|message| message.holds_payloads()) else {
            return Ok(Decoded { bytes, payloads: 0 });
        };
        let pipeline = self.pipeline();
        let ctx = app_context(&self.settings().app_id, call.memory);
        let found = self.scan(&pipeline, message, &bytes).map_err(|error| {
            Refused::Undecodable(pipeline.report_failure(&ctx, Direction::Decode, error))
        })?;
        decode_found(&pipeline, &ctx, &found, most).await
    }
}

/// Decodes the payloads of a message that was scanned.
pub(super) async fn decode_found(
    pipeline: &Pipeline,
    ctx: &Context,
    found: &Scan,
    most: usize,
) -> Result<Decoded, Refused> {
    let report =
        |error| Refused::Undecodable(pipeline.report_failure(ctx, Direction::Decode, error));
    let batch = Batch::new(pipeline, found).map_err(report)?;
    let (declared, most) = (batch.declared(), most as u64);
    if declared > most {
        return Err(Refused::TooLarge { size: declared, most });
    }
    let mut bytes = found.bytes().clone();
    if batch.count() > 0 {
        let decoded = pipeline.decode(ctx, batch.payloads.clone()).await.map_err(|error| {
            let site = error.slot().and_then(|slot| batch.site(slot));
            Refused::Undecodable(foreign::explain(pipeline, ctx, found, site, error))
        })?;
        let texts = batch.texts(found, &decoded).map_err(report)?;
        bytes = splice(found, texts).map_err(|error| report(malformed(error)))?;
    }
    let size = bytes.len() as u64;
    if size > most {
        Err(Refused::TooLarge { size, most })
    } else {
        Ok(Decoded { bytes, payloads: batch.count() })
    }
}

impl Refused {
    /// Returns whether the same message may be decoded later with nothing changed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Undecodable(error) if error.kind().is_transient())
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undecodable(error) => f.write_str(&error.report()),
            Self::TooLarge { size, most } => write!(
                f,
                "the decoded message has {} bytes or more, and its receiver takes {}",
                Thousands(*size),
                Thousands(*most)
            ),
        }
    }
}

impl std::error::Error for Refused {}
