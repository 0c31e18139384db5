//! The walk over a message: a loop with a stack of its own.

use bytes::Bytes;

use crate::{
    MessageType, Scan, ScanLimits, Site, Span, UnknownField, View, WireError, WireErrorKind,
    frame::{Content, Frame},
    json_failure,
    reader::{LENGTH_DELIMITED, Reader, Tag},
    scan::{Form, Text},
    schema::{COUNTERS, Field, FieldKind, Schema},
};

/// Different unknown fields that are told apart. A stranger may send any number of them.
const UNKNOWN_FIELDS: usize = 64;

/// Finds the payloads of a message, within the default limits.
///
/// # Errors
/// If the bytes are no protobuf message, are nested too deep, or hold too many payloads.
pub fn scan(message: MessageType, bytes: &Bytes) -> Result<Scan, WireError> {
    scan_within(&ScanLimits::default(), message, bytes)
}

/// Finds the payloads of a message.
///
/// # Errors
/// As [`scan`].
pub fn scan_within(
    limits: &ScanLimits,
    message: MessageType,
    bytes: &Bytes,
) -> Result<Scan, WireError> {
    let Ok(end) = u32::try_from(bytes.len()) else {
        return Err(WireError::new(message.name(), 0, WireErrorKind::Size(bytes.len())));
    };
    let mut scanner = Scanner::new(limits, message, end);
    let mut reader = Reader::new(bytes, 0, bytes.len());
    if let Err(kind) = scanner.run(bytes, &mut reader) {
        let innermost = scanner.stack.last().map_or(message.id, |frame| frame.message);
        return Err(WireError::new(message.schema.name(innermost), reader.at, kind));
    }
    let Scanner { sites, spans, texts, unknown, .. } = scanner;
    Ok(Scan { bytes: bytes.clone(), message, sites, spans, texts, unknown })
}

struct Scanner<'l> {
    limits: &'l ScanLimits,
    schema: &'static Schema,
    stack: Vec<Frame>,
    sites: Vec<Site>,
    spans: Vec<Span>,
    texts: Vec<Text>,
    unknown: Vec<UnknownField>,
}

impl<'l> Scanner<'l> {
    fn new(limits: &'l ScanLimits, message: MessageType, end: u32) -> Self {
        let schema = message.schema;
        let root = Frame {
            message: message.id,
            field: 0,
            index: 0,
            length_at: 0,
            start: 0,
            end,
            span: Some(0),
            content: Content::Ordinary,
            seen: 0,
            counts: [0; COUNTERS],
        };
        let span = span(&root, 0);
        Self {
            limits,
            schema,
            stack: vec![root],
            sites: Vec::new(),
            spans: vec![span],
            texts: Vec::new(),
            unknown: Vec::new(),
        }
    }

    fn run(&mut self, bytes: &[u8], reader: &mut Reader<'_>) -> Result<(), WireErrorKind> {
        while let Some(frame) = self.stack.last() {
            reader.end = frame.end as usize;
            if reader.at >= reader.end {
                self.stack.pop();
                continue;
            }
            let message = frame.message;
            let tag = reader.tag()?;
            let field = self.schema.field(message, tag.number);
            if tag.wire != LENGTH_DELIMITED {
                if field.kind != FieldKind::Number {
                    self.count_unknown(message, tag.number);
                }
                reader.skip(&tag, self.limits.depth)?;
                continue;
            }
            let length_at = reader.at;
            let end = reader.length()?;
            self.delimited(bytes, reader, field, &tag, length_at, end)?;
        }
        Ok(())
    }

    /// Enters, notes or skips a field that is longer than a number.
    #[inline]
    fn delimited(
        &mut self,
        bytes: &[u8],
        reader: &mut Reader<'_>,
        field: Field,
        tag: &Tag,
        length_at: usize,
        end: usize,
    ) -> Result<(), WireErrorKind> {
        let Some(frame) = self.stack.last_mut() else { return Ok(()) };
        let outer = frame.message;
        let inner = bytes.get(reader.at..end).unwrap_or_default();
        let site = [length_at, reader.at, end].map(|offset| offset as u32);
        let (message, content) = match (field.kind, frame.content) {
            (FieldKind::Bytes, Content::Message(message)) if tag.number == 2 => {
                (message, Content::Ordinary)
            }
            (FieldKind::Bytes, Content::Events(message)) if tag.number == 1 => {
                (message, Content::Ordinary)
            }
            (FieldKind::Bytes, Content::Unknown) if tag.number == 2 => {
                self.count_unknown(outer, tag.number);
                reader.at = end;
                return Ok(());
            }
            (FieldKind::Bytes | FieldKind::Keep | FieldKind::Number, _) => {
                reader.at = end;
                return Ok(());
            }
            (FieldKind::Json, _) => {
                reader.at = end;
                return self.add_text(bytes, site, tag.number);
            }
            (FieldKind::Unknown, _) => {
                self.count_unknown(outer, tag.number);
                reader.at = end;
                return Ok(());
            }
            (FieldKind::Payload, _) => {
                self.occurs(field, tag.number)?;
                reader.at = end;
                return self.add_site(site, tag.number, Form::Whole);
            }
            // Text that occurs twice is no error, as of every scalar: each is handed out.
            (FieldKind::Text, _) => {
                reader.at = end;
                return self.add_site(site, tag.number, Form::Whole);
            }
            (FieldKind::Message, _) => (field.target, Content::Ordinary),
            (FieldKind::Any, _) => {
                (field.target, Content::of_any(self.schema.type_of(field.target), inner))
            }
            (FieldKind::Chunk, _) => {
                (field.target, Content::of_chunk(self.schema.type_of(field.target), inner))
            }
            (FieldKind::History, _) => {
                (field.target, Content::of_history(self.schema.type_of(field.target), inner))
            }
        };
        let index = self.occurs(field, tag.number)?;
        self.enter(Frame {
            message,
            field: tag.number,
            index,
            length_at: length_at as u32,
            start: reader.at as u32,
            end: end as u32,
            span: None,
            content,
            seen: 0,
            counts: [0; COUNTERS],
        })
    }

    /// Counts an occurrence of a message. Returns its position among those of its field.
    ///
    /// Protobuf merges a singular message that occurs twice: the namespace of one and the payload of
    /// the other make one command. Nobody writes that, but a stranger could, so that what is checked
    /// here is not what the server reads. It is refused, as is a payload in two pieces.
    #[inline]
    fn occurs(&mut self, field: Field, number: u32) -> Result<u32, WireErrorKind> {
        let Some(frame) = self.stack.last_mut() else { return Ok(0) };
        let slot = u32::from(field.slot);
        if !field.repeated {
            let bit = 1_u128.checked_shl(slot).unwrap_or_default();
            if frame.seen & bit != 0 {
                return Err(WireErrorKind::Twice(number));
            }
            frame.seen |= bit;
            return Ok(0);
        }
        let Some(count) = frame.counts.get_mut(slot as usize).filter(|_| slot > 0) else {
            return Ok(0);
        };
        *count += 1;
        Ok(*count - 1)
    }

    /// Adds the payloads in the JSON of a failure.
    #[cold]
    fn add_text(
        &mut self,
        bytes: &[u8],
        [length_at, start, end]: [u32; 3],
        field: u32,
    ) -> Result<(), WireErrorKind> {
        let Some(frame) = self.stack.last() else { return Ok(()) };
        let message = frame.message;
        let whole = bytes.get(frame.start as usize..frame.end as usize).unwrap_or_default();
        let text = bytes.get(start as usize..end as usize).unwrap_or_default();
        let nexus = View::new(self.schema.type_of(message), whole);
        let Some(payloads) = json_failure::payloads(nexus, text) else {
            self.count_unknown(message, field);
            return Ok(());
        };
        let first = self.sites.len();
        let mut texts = Vec::new();
        for (range, payload) in payloads {
            let [from, to] = [range.start, range.end].map(|at| start + at as u32);
            let form = Form::Json(self.texts.len() as u32);
            self.add_site([length_at, from, to], field, form)?;
            texts.push(payload);
        }
        self.texts.push(Text { length_at, start, end, first, payloads: texts });
        Ok(())
    }

    /// Opens a message.
    fn enter(&mut self, frame: Frame) -> Result<(), WireErrorKind> {
        if self.stack.len() >= self.limits.depth {
            return Err(WireErrorKind::Nesting(self.limits.depth));
        }
        let holds_text = self.schema.holds_text(frame.message);
        self.stack.push(frame);
        if holds_text {
            self.innermost_span();
        }
        Ok(())
    }

    fn add_site(
        &mut self,
        [length_at, start, end]: [u32; 3],
        field: u32,
        form: Form,
    ) -> Result<(), WireErrorKind> {
        if self.sites.len() >= self.limits.payloads {
            return Err(WireErrorKind::Payloads(self.limits.payloads));
        }
        let span = self.innermost_span();
        self.sites.push(Site { length_at, start, end, field, span, form });
        Ok(())
    }

    /// Returns the span of the innermost message. Spans are made when the first payload in them is
    /// found, outermost first: most messages hold none.
    fn innermost_span(&mut self) -> u32 {
        let without = self.stack.iter().rev().take_while(|frame| frame.span.is_none()).count();
        let first = self.stack.len() - without;
        let outer = first.checked_sub(1).and_then(|outer| self.stack.get(outer));
        let mut parent = outer.and_then(|frame| frame.span).unwrap_or_default();
        for frame in self.stack.iter_mut().skip(first) {
            self.spans.push(span(frame, parent));
            parent = (self.spans.len() - 1) as u32;
            frame.span = Some(parent);
        }
        parent
    }

    #[cold]
    fn count_unknown(&mut self, message: u16, number: u32) {
        let message = self.schema.type_of(message);
        let is_same =
            |field: &&mut UnknownField| field.number == number && field.message.id == message.id;
        if let Some(field) = self.unknown.iter_mut().find(is_same) {
            field.count += 1;
        } else if self.unknown.len() < UNKNOWN_FIELDS {
            self.unknown.push(UnknownField { message, number, count: 1 });
        } else if let Some(last) = self.unknown.last_mut() {
            last.number = 0;
            last.count += 1;
        }
    }
}

fn span(frame: &Frame, parent: u32) -> Span {
    let &Frame { message, field, index, length_at, start, end, .. } = frame;
    Span { message, field, index, parent, length_at, start, end }
}
