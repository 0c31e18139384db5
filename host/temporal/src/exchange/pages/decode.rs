//! Decodes a page of a history, as far as its caller can receive it.

use bytes::Bytes;
use cloakroom_core::{Context, Direction, Error, ErrorKind, Limit};
use cloakroom_wire::{MessageType, View};

use super::{
    cut::{Cut, GROWTH},
    events::{Page, history},
    part::Part,
    task::of_task,
};
use crate::exchange::{Exchange, call::Call, page_token::PageToken, replay::Reads};

/// Manner of decoding payloads.
#[derive(Clone, Copy)]
pub(in super::super) enum Manner {
    /// All that are read, or none.
    Together(Reads),
    /// Each for itself, for readers.
    Alone,
}

impl Exchange {
    /// Decodes an answer with a history. What its caller cannot receive is left to the next page, for
    /// which the answer has a token.
    ///
    /// # Errors
    /// Those of the pipeline. `LimitExceeded(Output)` if one event alone is too large.
    pub(in super::super) async fn decode_page(
        &self,
        ctx: &Context,
        call: &Call<'_>,
        message: MessageType,
        bytes: &Bytes,
        manner: Manner,
    ) -> Result<Part, Error> {
        let room = self.answers.most(call.headers, self.max_message);
        let room = room.as_usize().saturating_sub(call.reserved);
        let mut whole = None;
        // Nearly every page ends here.
        if bytes.len() <= room / GROWTH {
            match self.decode_part(ctx, message, bytes, manner, room).await {
                Ok(part) if part.bytes.len() <= room => return Ok(part),
                Ok(part) => whole = Some(part),
                Err(error) if !is_too_much(&error) => return Err(error),
                Err(_) => {}
            }
        }
        let Some(page) = Page::split(message, bytes).filter(|page| !page.events.is_empty()) else {
            let part = match whole {
                Some(part) => part,
                None => self.decode_part(ctx, message, bytes, manner, usize::MAX).await?,
            };
            self.check_answer(ctx, call, part.bytes.len())?;
            return Ok(part);
        };
        let from = call.history.map(|asked| asked.from.clone());
        let from = from.unwrap_or_else(|| of_task(ctx, View::new(message, bytes)));
        let next = next_page(&page, from);
        // The number of the event that it names does not change its length.
        let mut cut = Cut::new(&page, room.saturating_sub(self.seal_page(&next).len()));
        match whole {
            Some(whole) => cut.add(message, whole).map(drop)?,
            None => Box::pin(self.decode_events(ctx, message, manner, &mut cut)).await?,
        }
        match cut.next_event() {
            None => cut.join(ctx, &page.token),
            Some(event) if cut.is_empty() => {
                let sizes = (event.id, event.size, cut.used());
                let refused = self.answers.refuse_event(call.headers, sizes, self.max_message);
                self.report(ctx, Direction::Decode, Err(refused))
            }
            Some(event) => cut.join(ctx, &self.seal_page(&PageToken { next: event.id, ..next })),
        }
    }

    /// Decodes events until there is no room for more.
    async fn decode_events(
        &self,
        ctx: &Context,
        message: MessageType,
        manner: Manner,
        cut: &mut Cut<'_>,
    ) -> Result<(), Error> {
        while let Some((bytes, events)) = cut.next_part() {
            // One event alone is decoded whatever its references declare: only then its size is known.
            let most = if events == 1 { usize::MAX } else { cut.room };
            match self.decode_part(ctx, message, &bytes, manner, most).await {
                Ok(part) => {
                    if !cut.add(message, part)? {
                        break;
                    }
                }
                Err(error) if is_too_much(&error) && events > 1 => cut.expect_at_most(events / 2),
                // The next page begins with this event, and tells.
                Err(error) if is_too_much(&error) && !cut.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn decode_part(
        &self,
        ctx: &Context,
        message: MessageType,
        bytes: &Bytes,
        manner: Manner,
        most: usize,
    ) -> Result<Part, Error> {
        match manner {
            Manner::Together(reads) => {
                let decoded = self.decode_within(ctx, message, bytes.clone(), reads, most).await?;
                let (bytes, payloads) = (decoded.bytes, decoded.payloads);
                Ok(Part { bytes, payloads, failed: Vec::new() })
            }
            Manner::Alone => {
                let (bytes, payloads, failed) = self.decode_alone(ctx, message, bytes).await?;
                Ok(Part { bytes, payloads, failed })
            }
        }
    }
}

/// Returns the token of the rest of a page, but for its next event.
fn next_page(page: &Page, from: PageToken) -> PageToken {
    // A page that continues another one has the end of that one.
    if from.last != 0 {
        return from;
    }
    let follow = page.token.clone();
    let is_end_of_task = from.is_task && follow.is_empty();
    let (stored, tail) =
        if is_end_of_task { page.without_tail() } else { (&*page.events, &[][..]) };
    let first = tail.first().map(|event| event.id.saturating_sub(1));
    let last = stored.last().map(|event| event.id).or(first).unwrap_or_default();
    PageToken { last, follow, tail: history(tail), ..from }
}

/// Returns whether an error says that too much was decoded at once.
fn is_too_much(error: &Error) -> bool {
    let ErrorKind::LimitExceeded(limit) = error.kind() else { return false };
    [Limit::CallBytes, Limit::Output, Limit::Payloads].contains(&limit)
}
