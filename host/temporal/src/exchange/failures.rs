//! Texts of failures: encoded with the payloads of a request, and put back into an answer.
//!
//! The form is the one that the SDKs' failure converters write with their option to encode common
//! attributes. Not all of them read it unasked: Java's does so with a codec alone, and Rust's not for
//! the messages of causes. So an answer gets its texts back, and the SDK sees no difference.

mod hide;
mod nexus;
mod restore;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use bytes::Bytes;
use cloakroom_core::Payload;
use cloakroom_pipeline::Stage;
use cloakroom_wire::{Edit, RawField, Scan, SpanId};
use serde::{Deserialize, Serialize};

use super::{Exchange, proto::put_bytes};

pub(super) use self::{
    hide::hide,
    restore::{holds_texts, restore},
};

/// Message of a failure whose texts are encoded, as all SDKs write it.
pub(super) const HIDDEN: &str = "Encoded failure";

/// Encoding of the payload with the texts.
const JSON: &str = "json/plain";

const FAILURE: &str = "temporal.api.failure.v1.Failure";
const MESSAGE: u32 = 1;
const STACK_TRACE: u32 = 3;
const ATTRIBUTES: u32 = 20;

/// Texts of a failure, as the payload in `encoded_attributes` has them.
#[derive(Default, Deserialize, Serialize)]
pub(super) struct Texts<'a> {
    pub(super) message: Cow<'a, str>,
    /// The TypeScript SDK leaves it out where there is none.
    #[serde(default)]
    stack_trace: Cow<'a, str>,
    /// Text of a failed query, if it differs from the failure's message. The SDK for Go adds the type of
    /// the failure to it. Readers skip what they do not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error_message: Option<Cow<'a, str>>,
}

impl Exchange {
    /// Returns whether the texts of failures are encoded. By default they are as secret as payloads.
    pub(super) fn encodes_failures(&self) -> bool {
        let is_required =
            || self.adapter.pipeline().stages().iter().any(Stage::is_required_to_encode);
        self.encode_failures.unwrap_or_else(is_required)
    }
}

impl Texts<'_> {
    /// Returns the payload that the SDKs write for these texts.
    fn payload(&self) -> Vec<u8> {
        let envelope = Payload::new(JSON, self.json()).envelope();
        [envelope.head, envelope.body, envelope.tail].concat()
    }

    fn json(&self) -> Vec<u8> {
        // Text is always JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Returns a failure that shows nothing but that there is one.
    fn hidden(&self) -> Vec<u8> {
        let mut failure = Vec::new();
        put_bytes(&mut failure, MESSAGE, HIDDEN.as_bytes());
        put_bytes(&mut failure, ATTRIBUTES, &self.payload());
        failure
    }
}

/// Returns the fields of a message with the offset at which each begins.
fn fields(found: &Scan, span: SpanId) -> Vec<(usize, RawField<'_>)> {
    let mut at = found.span(span).map(|span| span.range().start).unwrap_or_default();
    let fields = found.view(span).map(|view| view.fields()).unwrap_or_default();
    // The scan has read the whole message, so no field is malformed.
    let place = fields.into_iter().map(|field| {
        let start = at;
        at += field.whole.len();
        (start, field)
    });
    place.collect()
}

/// Returns edits that remove some fields of a message, and put bytes before all others.
fn replace<'a>(
    span: SpanId,
    fields: &'a [(usize, RawField<'a>)],
    numbers: &'a [u32],
    bytes: Vec<u8>,
) -> impl Iterator<Item = Edit> + 'a {
    let start = fields.first().map(|(start, _)| *start).unwrap_or_default();
    let first = Edit { span, range: start..start, bytes: bytes.into() };
    let removed = fields.iter().filter(|(_, field)| numbers.contains(&field.number));
    let remove = move |(start, field): &(usize, RawField<'_>)| Edit {
        span,
        range: *start..start + field.whole.len(),
        bytes: Bytes::new(),
    };
    std::iter::once(first).chain(removed.map(remove))
}

/// Returns the last of several fields of text, as parsers do. The frontend refuses text that is not
/// UTF-8, but the gateway must not be what shows it.
fn text<'a>(fields: &[(usize, RawField<'a>)], number: u32) -> Cow<'a, str> {
    let found = fields.iter().rev().find(|(_, field)| field.number == number);
    let content = found.and_then(|(_, field)| field.content).unwrap_or_default();
    String::from_utf8_lossy(content)
}
