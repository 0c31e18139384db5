//! Decodes the payloads of an answer, as one batch, equal ones once.

use std::{collections::HashMap, fmt};

use bytes::Bytes;
use cloakroom_core::{Context, Direction, Error, Payload, Thousands};
use cloakroom_pipeline::{Pipeline, Stage};
use cloakroom_wire::{Scan, splice};

use super::{
    Call, Exchange, app_context, malformed, method,
    place::{Place, check_text, place},
};
use crate::text;

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

/// Payloads that are decoded together.
struct Batch {
    payloads: Vec<Payload>,
    /// Index in the batch of each site, or nothing where a text stays as it is.
    places: Vec<Option<usize>>,
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
    batch.check_declared(most)?;
    let count = batch.places.iter().flatten().count();
    let mut bytes = found.bytes().clone();
    if count > 0 {
        let decoded = pipeline.decode(ctx, batch.payloads.clone()).await;
        let texts = batch.texts(found, &decoded.map_err(Refused::Undecodable)?).map_err(report)?;
        bytes = splice(found, texts).map_err(|error| report(malformed(error)))?;
    }
    if bytes.len() > most {
        return Err(Refused::TooLarge { size: bytes.len() as u64, most: most as u64 });
    }
    Ok(Decoded { bytes, payloads: count })
}

impl Batch {
    /// Collects the texts in the form. Texts in the clear are asked about only where a stage is required:
    /// a history may have thousands of them.
    ///
    /// # Errors
    /// `Malformed` if a text in the form cannot be read.
    fn new(pipeline: &Pipeline, found: &Scan) -> Result<Self, Error> {
        let checks_plain = pipeline.stages().iter().any(Stage::is_required_to_encode);
        let (mut known, mut payloads) = (HashMap::new(), Vec::new());
        let mut places = Vec::with_capacity(found.sites().len());
        for site in 0..found.sites().len() {
            let (text, place) = (found.payload(site), place(found, site));
            if text.is_empty() || place == Place::Other {
                places.push(None);
                continue;
            }
            let payload = match text::read(&text) {
                Ok(payload) => payload,
                Err(error) => {
                    let path = format!("the payload at {}: {error}", found.path(site));
                    return Err(Error::new(error.kind(), path));
                }
            };
            let is_checked = checks_plain && place == Place::Payload;
            let payload = payload.or_else(|| is_checked.then(|| text::plain(text.clone())));
            places.push(payload.map(|payload| {
                *known.entry(text).or_insert_with(|| {
                    payloads.push(payload);
                    payloads.len() - 1
                })
            }));
        }
        Ok(Self { payloads, places })
    }

    /// Checks the sizes of the objects that references declare, before one is fetched.
    fn check_declared(&self, most: usize) -> Result<(), Refused> {
        let places = self.places.iter().flatten().filter_map(|place| self.payloads.get(*place));
        let sizes = places.flat_map(|payload| &payload.external_sizes);
        let size = sizes.fold(0_u64, |sum, size| sum.saturating_add(size.unsigned_abs()));
        let most = most as u64;
        if size > most { Err(Refused::TooLarge { size, most }) } else { Ok(()) }
    }

    /// Returns the new text of each site that changes.
    fn texts(&self, found: &Scan, decoded: &[Payload]) -> Result<Vec<Option<Bytes>>, Error> {
        let mut texts = Vec::with_capacity(self.places.len());
        for (site, place) in self.places.iter().enumerate() {
            let pair = place.and_then(|place| self.payloads.get(place).zip(decoded.get(place)));
            let changed = pair.filter(|(before, after)| {
                let is_escaped = text::is_plain(after) && after.data != found.payload(site);
                before != after || is_escaped
            });
            let text = changed.map(|(_, after)| {
                if text::is_plain(after) { after.data.clone() } else { text::write(after) }
            });
            if let Some(text) = &text {
                check_text(found, site, text)?;
            }
            texts.push(text);
        }
        Ok(texts)
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
