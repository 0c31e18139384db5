//! A page of a history that is decoded in parts, until its caller can receive no more.
//!
//! The size of a payload is often known only after it was decoded: a few bytes may be compressed
//! megabytes, or refer to them. So each part is chosen by what the parts before grew to, and at most one
//! part is decoded for nothing.

use bytes::Bytes;
use cloakroom_core::{Context, Error, ErrorKind};
use cloakroom_wire::MessageType;

use super::{
    events::{Event, Page},
    part::Part,
};

/// Growth by decoding that the first part of a page allows for.
pub(super) const GROWTH: usize = 4;

/// A page that is decoded in parts.
pub(super) struct Cut<'a> {
    page: &'a Page,
    /// Bytes for all that is delivered.
    pub(super) room: usize,
    /// The first part, which alone has other fields than events.
    first: Option<Page>,
    kept: Vec<Event>,
    /// Bytes of what is kept.
    used: usize,
    /// Bytes of the same before they were decoded.
    encoded: usize,
    /// Most events of the next part.
    most: usize,
    /// The event that did not fit, as it was decoded.
    refused: Option<Refused>,
    payloads: usize,
    failed: Vec<Error>,
}

/// An event that does not fit.
#[derive(Clone, Copy)]
pub(super) struct Refused {
    pub(super) id: u64,
    /// Bytes of it when it is decoded.
    pub(super) size: usize,
}

impl<'a> Cut<'a> {
    pub(super) fn new(page: &'a Page, room: usize) -> Self {
        let (kept, failed) = (Vec::with_capacity(page.events.len()), Vec::new());
        let (first, refused) = (None, None);
        let (used, encoded, most, payloads) = (0, 0, usize::MAX, 0);
        Self { page, room, first, kept, used, encoded, most, refused, payloads, failed }
    }

    /// Returns the next part to decode, and how many events it has.
    pub(super) fn next_part(&self) -> Option<(Bytes, usize)> {
        let rest = self.page.events.get(self.kept.len()..).filter(|rest| !rest.is_empty())?;
        let left = self.room.saturating_sub(self.used);
        let most = match self.encoded {
            0 => left / GROWTH,
            // As much as would just fit if it grows like the parts before.
            encoded => left / self.used.div_ceil(encoded).max(1),
        };
        let mut bytes = 0;
        let fits = |event: &&Event| {
            bytes += event.size();
            bytes <= most
        };
        let count = rest.iter().take_while(fits).count().min(self.most).max(1);
        let (part, _) = rest.split_at_checked(count)?;
        Some((self.page.join(part, &[], self.first.is_none()), count))
    }

    /// Lets the next part have no more events than that.
    pub(super) fn expect_at_most(&mut self, events: usize) {
        self.most = events.max(1);
    }

    /// Keeps the events of a part that fit. Returns whether all do.
    ///
    /// # Errors
    /// `Internal` if the part is no answer with a history any more.
    pub(super) fn add(&mut self, message: MessageType, part: Part) -> Result<bool, Error> {
        let decoded = Page::split(message, &part.bytes).ok_or_else(|| {
            Error::new(ErrorKind::Internal, "a history is not as it was after it was decoded")
        })?;
        self.payloads += part.payloads;
        self.failed.extend(part.failed);
        if self.first.is_none() {
            self.used = decoded.size(&[], true);
        }
        let encoded = self.page.events.iter().skip(self.kept.len());
        for (event, before) in decoded.events.iter().zip(encoded) {
            if self.used + event.size() > self.room {
                self.refused = Some(Refused { id: event.id, size: event.size() });
                break;
            }
            self.used += event.size();
            self.encoded += before.size();
            // Of the blobs of a part the first is number zero again.
            self.kept.push(event.in_blob_of(before));
        }
        self.first.get_or_insert(decoded);
        self.most = self.most.saturating_mul(2);
        Ok(self.refused.is_none())
    }

    /// Returns the event that the next page begins with, unless all are kept.
    pub(super) fn next_event(&self) -> Option<Refused> {
        let next = self.page.events.get(self.kept.len())?;
        // One that was not decoded has no known size, and is not the first of its page.
        Some(self.refused.unwrap_or(Refused { id: next.id, size: next.size() }))
    }

    /// Returns whether not even the first event fits.
    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Returns the bytes of what is kept.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// Returns the answer with the events that are kept, and with this token.
    ///
    /// # Errors
    /// `LimitExceeded(CallBytes)` or `Busy` if there is no memory for this copy of them.
    pub(super) fn join(self, ctx: &Context, token: &[u8]) -> Result<Part, Error> {
        // Counted before it is made, until the answer was taken: the parts are counted for themselves.
        if let Some(memory) = ctx.memory() {
            memory.charge(self.used + token.len())?.keep();
        }
        let bytes = self.first.as_ref().unwrap_or(self.page).join(&self.kept, token, true);
        Ok(Part { bytes, payloads: self.payloads, failed: self.failed })
    }
}
