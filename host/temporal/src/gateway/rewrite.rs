//! Encodes the payloads of a request, and decodes those of an answer, as one batch each.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use cloakroom_core::{Context, Direction, Error, ErrorKind, Kind, Limit, Payload, Thousands};

use super::{
    proto::{Malformed, text_at},
    proxy::GatewayState,
    scan::{Scan, scan},
    schema::{MessageType, Method, Schema},
};

/// Bytes that a payload takes in a message besides its own: tag and length.
const FRAMING: usize = 6;

impl GatewayState {
    /// Returns the context of a request, as far as the request itself has it.
    pub(super) fn context(method: &Method, request: &[u8]) -> Context {
        let Some(namespace) = text_at(request, &method.namespace) else {
            return Context::none();
        };
        let ctx = Context::namespace(namespace);
        let Some(id) = text_at(request, &method.workflow_id) else {
            return ctx;
        };
        let type_name = text_at(request, &method.workflow_type).unwrap_or_default();
        // Objects belong to the execution that reads them again; the run is mostly unknown.
        ctx.with_target(Kind::Workflow, id, type_name, None)
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
        let found = scan(Schema::temporal(), message, bytes).map_err(malformed)?;
        let payloads = self.parse(&found)?;
        let count = payloads.len();
        let limits = self.limits_of(ctx);
        if count == 0 {
            let bytes = found.bytes().clone();
            check_size("message", bytes.len(), limits.message.most())?;
            return Ok((bytes, 0));
        }
        let own: usize = found.payloads().map(|payload| payload.len()).sum();
        let framing = found.bytes().len() - own + FRAMING * count;
        let mut pipeline = self.adapter.pipeline().keeping_own();
        if let Some(most) = limits.message.most() {
            pipeline = pipeline.fitting(most.saturating_sub(framing as u64));
        }
        let encoded = pipeline.encode(ctx, payloads).await?;
        let encoded = self.report(ctx, Direction::Encode, write(&encoded))?;
        let checked = check_fields(&found, &encoded, limits.field.most());
        self.report(ctx, Direction::Encode, checked)?;
        let spliced = found.splice(&encoded);
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
        let found = scan(Schema::temporal(), message, bytes).map_err(malformed)?;
        let payloads = self.parse(&found)?;
        let count = payloads.len();
        if count == 0 {
            return Ok((found.bytes().clone(), 0));
        }
        let decoded = self.adapter.pipeline().decode(ctx, payloads).await?;
        let decoded = write(&decoded)?;
        let spliced = found.splice(&decoded);
        let most = self.settings.message.get();
        self.report(ctx, Direction::Decode, check_answer(spliced.len(), most))?;
        Ok((spliced, count))
    }

    fn parse(&self, found: &Scan) -> Result<Vec<Payload>, Error> {
        let most = self.adapter.pipeline().max_payloads();
        if found.payloads().len() > most {
            let text = format!(
                "the message has {} payloads, and the most is {most}: raise `limits.payloads`",
                found.payloads().len()
            );
            return Err(Error::new(ErrorKind::LimitExceeded(Limit::Payloads), text));
        }
        found.payloads().map(Payload::from_envelope).collect()
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

/// Writes payloads as messages.
fn write(payloads: &[Payload]) -> Result<Vec<Bytes>, Error> {
    let write = |payload: &Payload| {
        let envelope = payload.envelope();
        let mut bytes = BytesMut::with_capacity(envelope.len());
        for part in [&envelope.head, &envelope.body, &envelope.tail] {
            bytes.extend_from_slice(part);
        }
        bytes.freeze()
    };
    Ok(payloads.iter().map(write).collect())
}

/// Refuses a field whose payloads together are larger than Temporal accepts.
fn check_fields(found: &Scan, encoded: &[Bytes], most: Option<u64>) -> Result<(), Error> {
    let mut sizes = HashMap::<_, usize>::new();
    for (parent, payload) in found.parents().zip(encoded) {
        *sizes.entry(parent).or_default() += payload.len() + FRAMING;
    }
    let largest = sizes.into_values().max().unwrap_or_default();
    check_size("field", largest, most)
}

fn check_size(what: &str, size: usize, most: Option<u64>) -> Result<(), Error> {
    let Some(most) = most.filter(|most| size as u64 > *most) else {
        return Ok(());
    };
    let text = format!(
        "the encoded {what} has {} bytes, but Temporal accepts {}: lower `storage.threshold`, or send \
         less at once",
        Thousands(size as u64),
        Thousands(most)
    );
    Err(Error::new(ErrorKind::LimitExceeded(Limit::Message), text))
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

fn malformed(at: Malformed) -> Error {
    let text = format!("not a message of Temporal: byte {} is no field", at.offset);
    Error::new(ErrorKind::Malformed, text)
}
