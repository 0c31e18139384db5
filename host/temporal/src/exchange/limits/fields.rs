//! Fields of a message as Temporal's server weighs them.
//!
//! The server has a limit for each input, result or failure, and one for memos. It terminates the
//! workflow that passes one of them, so that the gateway must not send such a message.

use std::collections::HashMap;

use bytes::Bytes;
use cloakroom_core::{Error, ErrorKind, Limit, Remedy, Thousands};
use cloakroom_pipeline::Room;
use cloakroom_wire::{MessageType, Scan, Span, SpanId};

use super::allowance::Allowance;
use crate::limits::SizeLimits;

/// Bytes that a payload takes in a message besides its own: tag and length.
pub(crate) const FRAMING: usize = 6;

/// Bytes of a failure besides its texts, of one that has nothing large beside them.
const LITTLE: u64 = 1 << 10;

/// Messages that the server weighs as a whole, however many payloads they hold. All other payloads are
/// weighed with those beside them.
const WHOLE: [(&str, Kind); 3] = [
    ("temporal.api.common.v1.Memo", Kind::Memo),
    ("temporal.api.failure.v1.Failure", Kind::Blob),
    ("temporal.api.command.v1.RecordMarkerCommandAttributes", Kind::Blob),
];

/// Limit that a field is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Blob,
    Memo,
}

/// One field: its payloads, and the bytes around them.
struct Field {
    kind: Kind,
    sites: Vec<usize>,
    around: usize,
}

/// A message that does not fit: the error, and its payload if it is about one field.
#[derive(Debug)]
pub(crate) struct Unfit {
    pub(crate) error: Error,
    pub(crate) site: Option<usize>,
}

/// An error of the pipeline may name a payload.
impl From<Error> for Unfit {
    fn from(error: Error) -> Self {
        Self { site: error.slot(), error }
    }
}

/// Fields of a scanned message.
pub(crate) struct Fields(Vec<Field>);

impl Fields {
    /// Groups the payloads of a message by the fields that the server weighs.
    pub(crate) fn new(scan: &Scan) -> Self {
        let whole = scan.spans().filter_map(|(span, message)| Some((span, whole(message)?)));
        let whole: HashMap<SpanId, Kind> = whole.collect();
        let mut fields: Vec<Field> = Vec::new();
        let mut places = HashMap::<(SpanId, u32), usize>::new();
        for (index, site) in scan.sites().iter().enumerate() {
            let around = scan.around(index).filter(|_| !whole.is_empty());
            // The outermost one: a failure holds its causes.
            let outermost = around.filter_map(|span| Some((span, *whole.get(&span)?))).last();
            let (key, kind) = match outermost {
                Some((span, kind)) => ((span, 0), kind),
                // Two fields of one message are weighed apart.
                None => ((site.span(), site.field()), Kind::Blob),
            };
            let place = *places.entry(key).or_insert_with(|| {
                let span = scan.span(key.0).filter(|_| outermost.is_some());
                let around = span.map_or(0, |span| span.range().len());
                fields.push(Field { kind, sites: Vec::new(), around });
                fields.len() - 1
            });
            if let Some(field) = fields.get_mut(place) {
                field.sites.push(index);
                field.around = field.around.saturating_sub(site.range().len()) + FRAMING;
            }
        }
        if !whole.is_empty() {
            fields.extend(without_payloads(scan, |span| places.contains_key(&(span, 0))));
        }
        Self(fields)
    }

    /// Returns room for the message, with the limits of its fields. `framing` are the message's bytes
    /// besides its payloads.
    pub(crate) fn room(&self, allowance: &Allowance, framing: usize) -> Room {
        let limits = &allowance.limits;
        let all = limits.message.most().unwrap_or(u64::MAX).saturating_sub(framing as u64);
        let mut room = Room::new(all);
        if let Some(threshold) = allowance.threshold {
            room = room.with_threshold(threshold);
        }
        for field in &self.0 {
            if let Some(most) = field.kind.most(limits) {
                let most = most.saturating_sub(field.around as u64);
                room = room.with_field(field.sites.clone(), most);
            }
        }
        room
    }

    /// Refuses a field that is larger than Temporal accepts.
    ///
    /// # Errors
    /// `LimitExceeded(Message)`.
    pub(crate) fn check(
        &self,
        payloads: &[Option<Bytes>],
        limits: &SizeLimits,
    ) -> Result<(), Unfit> {
        let size =
            |site: &usize| payloads.get(*site).and_then(Option::as_ref).map_or(0, Bytes::len);
        for field in &self.0 {
            let size = field.around + field.sites.iter().map(size).sum::<usize>();
            let checked = check_size(field.kind.name(), size, field.kind.most(limits));
            checked.map_err(|error| Unfit { error, site: field.sites.first().copied() })?;
        }
        Ok(())
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Blob => "field",
            Self::Memo => "memo",
        }
    }

    fn most(self, limits: &SizeLimits) -> Option<u64> {
        match self {
            Self::Blob => limits.field.most(),
            Self::Memo => limits.memo.most(),
        }
    }
}

/// Returns whether a message has a failure whose texts alone are larger than Temporal accepts.
pub(crate) fn holds_large_texts(scan: &Scan, limits: &SizeLimits) -> bool {
    let most = limits.field.most().map_or(u64::MAX, |most| most.saturating_sub(LITTLE));
    let is_large = |(span, message): (SpanId, MessageType)| {
        let size = |name| scan.view(span).and_then(|view| view.bytes(name)).map_or(0, <[u8]>::len);
        whole(message) == Some(Kind::Blob) && (size("message") + size("stack_trace")) as u64 > most
    };
    // Nearly every message ends here.
    scan.bytes().len() as u64 > most && scan.spans().any(is_large)
}

/// Returns the messages that are weighed as a whole and hold no payload: failures of nothing but texts.
/// `is_known` says that a message has a field already.
fn without_payloads(scan: &Scan, is_known: impl Fn(SpanId) -> bool) -> Vec<Field> {
    let (mut end, mut fields) = (0, Vec::new());
    for (span, message) in scan.spans() {
        let (Some(kind), Some(range)) = (whole(message), scan.span(span).map(Span::range)) else {
            continue;
        };
        // Spans come in the order of the wire, so those before `end` are causes of the one before.
        if range.start >= end {
            end = range.end;
            if !is_known(span) {
                fields.push(Field { kind, sites: Vec::new(), around: range.len() });
            }
        }
    }
    fields
}

/// Returns the limit of a message that is weighed as a whole.
fn whole(message: MessageType) -> Option<Kind> {
    let name = message.name();
    WHOLE.iter().find(|(whole, _)| *whole == name).map(|(_, kind)| *kind)
}

/// Refuses a size over its limit.
///
/// # Errors
/// `LimitExceeded(Message)`.
pub(crate) fn check_size(what: &str, size: usize, most: Option<u64>) -> Result<(), Error> {
    let Some(most) = most.filter(|most| size as u64 > *most) else {
        return Ok(());
    };
    let text = format!(
        "the encoded {what} has {} bytes, but Temporal accepts {}: lower the threshold, or send less \
         at once",
        Thousands(size as u64),
        Thousands(most)
    );
    let error = Error::new(ErrorKind::LimitExceeded(Limit::Message), text);
    Err(error.with_remedies(&[Remedy::Threshold]))
}

#[cfg(test)]
mod tests {
    use cloakroom_pipeline::Budget;
    use cloakroom_wire::{Schema, scan};

    use super::*;
    use crate::exchange::proto::put_bytes;

    fn nested(numbers: &[u32], inner: &[u8]) -> Vec<u8> {
        numbers.iter().rev().fold(inner.to_vec(), |inner, number| {
            let mut outer = Vec::new();
            put_bytes(&mut outer, *number, &inner);
            outer
        })
    }

    fn limits(field: i64, memo: i64) -> SizeLimits {
        let budget = |max| Budget { max, percent: 100 };
        SizeLimits { field: budget(field), memo: budget(memo), message: Budget::NONE }
    }

    /// Checks a message with its payloads as they are.
    fn check(request: &str, message: &[Vec<u8>], limits: SizeLimits) -> bool {
        let name = format!("temporal.api.workflowservice.v1.{request}");
        let message = (Schema::temporal().message(&name).unwrap(), Bytes::from(message.concat()));
        let found = scan(message.0, &message.1).unwrap();
        let payloads: Vec<_> =
            (0..found.sites().len()).map(|site| Some(found.payload(site))).collect();
        let fields = Fields::new(&found);
        fields.check(&payloads, &limits).is_ok()
    }

    /// Two inputs of 100 bytes in one field, and 100 bytes in each of two others.
    #[test]
    fn payloads_of_one_field_are_weighed_together() {
        let payload = nested(&[2], &[7; 100]);
        let payloads = [nested(&[1], &payload), nested(&[1], &payload)].concat();
        let entry = nested(&[1, 2], &payload);
        let header = nested(&[19], &[entry.clone(), entry].concat());
        let message = [nested(&[5], &payloads), header];
        let check = |most| check("StartWorkflowExecutionRequest", &message, limits(most, 1));
        assert!(check(300));
        assert!(!check(150));
    }

    #[test]
    fn a_memo_has_its_own_limit_for_all_entries() {
        let entry = nested(&[14, 1, 2, 2], &[7; 100]);
        let entries = [nested(&[1, 2, 2], &[7; 100]), nested(&[1, 2, 2], &[7; 100])].concat();
        let check = |message: &[Vec<u8>], most| {
            check("StartWorkflowExecutionRequest", message, limits(1, most))
        };
        assert!(check(std::slice::from_ref(&entry), 150));
        assert!(check(&[nested(&[14], &entries)], 300));
        assert!(!check(&[nested(&[14], &entries)], 150));
    }

    #[test]
    fn a_failure_is_weighed_with_its_causes_and_texts() {
        // details of an application, in the failure and in its cause
        let details = nested(&[5, 3, 1, 2], &[7; 100]);
        let failure =
            [nested(&[1], &[b'a'; 100]), details.clone(), nested(&[4], &details)].concat();
        let check = |most| {
            let message = [nested(&[2], &failure)];
            check("RespondActivityTaskFailedRequest", &message, limits(most, 1))
        };
        assert!(check(400));
        assert!(!check(250));
    }

    #[test]
    fn a_failure_of_texts_alone_is_weighed_too() {
        let cause = nested(&[4], &nested(&[3], &[b'b'; 100]));
        let failure = [nested(&[1], &[b'a'; 100]), cause].concat();
        let check = |most| {
            let message = [nested(&[2], &failure)];
            check("RespondActivityTaskFailedRequest", &message, limits(most, 1))
        };
        assert!(check(250));
        assert!(!check(150));
    }
}
