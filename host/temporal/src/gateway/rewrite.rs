//! Encodes the payloads of a request, and decodes those of an answer, as one batch each.

use bytes::{Bytes, BytesMut};
use cloakroom_core::{
    Context, Direction, Error, ErrorKind, Kind, Limit, Payload, Remedy, Thousands,
};
use cloakroom_wire::{
    MessageType, Method, Scan, ScanLimits, View, WireError, WireErrorKind, scan_within, splice,
};

use super::{
    fields::{FRAMING, Fields, check_size},
    proxy::GatewayState,
};

impl GatewayState {
    /// Returns the context of a request, as far as the request itself has it.
    pub(super) fn context(method: &Method, request: &[u8]) -> Context {
        let request = View::new(method.request, request);
        let Some(namespace) = text(request, "namespace") else {
            return Context::none();
        };
        let ctx = Context::namespace(namespace);
        let execution = ["workflow_execution", "execution"].iter();
        let execution = execution.filter_map(|name| request.message(name));
        let id = execution.filter_map(|execution| text(execution, "workflow_id")).next();
        let Some(id) = text(request, "workflow_id").or(id) else {
            return ctx;
        };
        let type_name = request.message("workflow_type").and_then(|name| text(name, "name"));
        // Objects belong to the execution that reads them again; the run is mostly unknown.
        ctx.with_target(Kind::Workflow, id, type_name.unwrap_or_default(), None)
    }

    /// Encodes the payloads of a message. Returns it, and how many it has.
    ///
    /// # Errors
    /// Those of the pipeline. `LimitExceeded(Message)` if the message or one of its fields is larger
    /// than Temporal accepts: the server would terminate the workflow that sends it.
    pub(super) async fn encode_message(
        &self,
        ctx: &Context,
        message: MessageType,
        bytes: Bytes,
    ) -> Result<(Bytes, usize), Error> {
        let found = self.scan(message, &bytes)?;
        let payloads = parse(&found)?;
        let count = payloads.len();
        let limits = self.limits_of(ctx);
        if count == 0 {
            check_size("message", bytes.len(), limits.message.most())?;
            return Ok((bytes, 0));
        }
        let own: usize = found.sites().iter().map(|site| site.range().len()).sum();
        let framing = bytes.len() - own + FRAMING * count;
        let fields = Fields::new(&found);
        let pipeline = self.adapter.pipeline().keeping_own();
        let pipeline = pipeline.fitting(fields.room(&limits, framing));
        let encoded = pipeline.encode(ctx, payloads).await?;
        let encoded = write(&encoded);
        let checked = fields.check(&encoded, &limits);
        self.report(ctx, Direction::Encode, checked)?;
        let spliced = splice(&found, encoded).map_err(malformed)?;
        let checked = check_size("message", spliced.len(), limits.message.most());
        self.report(ctx, Direction::Encode, checked)?;
        Ok((spliced, count))
    }

    /// Decodes the payloads of a message. Returns it, and how many it has.
    ///
    /// # Errors
    /// Those of the pipeline.
    pub(super) async fn decode_message(
        &self,
        ctx: &Context,
        message: MessageType,
        bytes: Bytes,
    ) -> Result<(Bytes, usize), Error> {
        let found = self.scan(message, &bytes)?;
        let payloads = parse(&found)?;
        let count = payloads.len();
        if count == 0 {
            return Ok((bytes, 0));
        }
        let decoded = self.adapter.pipeline().decode(ctx, payloads).await?;
        let spliced = splice(&found, write(&decoded)).map_err(malformed)?;
        let most = self.settings.message.get();
        self.report(ctx, Direction::Decode, check_answer(spliced.len(), most))?;
        Ok((spliced, count))
    }

    fn scan(&self, message: MessageType, bytes: &Bytes) -> Result<Scan, Error> {
        let payloads = self.adapter.pipeline().max_payloads();
        let limits = ScanLimits { payloads, ..ScanLimits::default() };
        scan_within(&limits, message, bytes).map_err(malformed)
    }

    /// Counts a failure outside of the pipeline as one of the pipeline.
    fn report<T>(
        &self,
        ctx: &Context,
        direction: Direction,
        result: Result<T, Error>,
    ) -> Result<T, Error> {
        result.map_err(|error| self.adapter.pipeline().report_failure(ctx, direction, error))
    }
}

/// Returns a field of text that is not empty.
fn text<'a>(message: View<'a>, name: &str) -> Option<&'a str> {
    message.text(name).filter(|text| !text.is_empty())
}

fn parse(found: &Scan) -> Result<Vec<Payload>, Error> {
    let payloads = (0..found.sites().len()).map(|site| found.payload(site));
    payloads.map(Payload::from_envelope).collect()
}

/// Writes payloads as messages, each in the place of the one before.
fn write(payloads: &[Payload]) -> Vec<Option<Bytes>> {
    let write = |payload: &Payload| {
        let envelope = payload.envelope();
        let mut bytes = BytesMut::with_capacity(envelope.len());
        for part in [&envelope.head, &envelope.body, &envelope.tail] {
            bytes.extend_from_slice(part);
        }
        Some(bytes.freeze())
    };
    payloads.iter().map(write).collect()
}

fn check_answer(size: usize, most: u64) -> Result<(), Error> {
    if size as u64 <= most {
        return Ok(());
    }
    let text = format!(
        "the decoded answer has {} bytes, and the SDKs receive no more than {}: ask for fewer events \
         at once",
        Thousands(size as u64),
        Thousands(most)
    );
    Err(Error::new(ErrorKind::LimitExceeded(Limit::Message), text))
}

fn malformed(error: WireError) -> Error {
    if let WireErrorKind::Payloads(most) = error.kind() {
        let text = format!(
            "the message has more than {most} payloads: send less at once, or raise the limit"
        );
        let error = Error::new(ErrorKind::LimitExceeded(Limit::Payloads), text);
        return error.with_remedies(&[Remedy::MostPayloads]);
    }
    Error::new(ErrorKind::Malformed, "the message is not as its type says").with_source(error)
}
