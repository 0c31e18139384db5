//! Payloads in the details of an error: a failed query, or an operation of several.

use bytes::Bytes;
use cloakroom_core::{Context, Error};
use cloakroom_wire::{MessageType, Schema, View};

use super::{Exchange, failures::HIDDEN, proto::put_bytes, replay::Reads};
use crate::namespaces::Mode;

/// Numbers in a `google.rpc.Status`.
const MESSAGE: u32 = 2;
const DETAILS: u32 = 3;

/// Details of an error whose payloads are decoded.
pub(crate) struct ErrorDetails {
    /// The `google.rpc.Status`.
    pub(crate) status: Bytes,
    /// The same without what the details say. They still tell the SDK what kind of error it is.
    pub(crate) kinds: Bytes,
    /// Text of a failed query that was encoded. The frontend repeats it as the error's message.
    pub(crate) message: Option<String>,
}

impl Exchange {
    /// Decodes a `google.rpc.Status`. Returns nothing if it holds no payload, or if one cannot be
    /// decoded, which is logged: the code of the error counts for more.
    pub(crate) async fn decode_error(&self, ctx: &Context, status: Bytes) -> Option<ErrorDetails> {
        if self.namespaces().mode(ctx.namespace_name().unwrap_or_default()) == Mode::Off {
            return None;
        }
        self.decode_status(ctx, status).await.unwrap_or_else(|error| {
            let error = self.named(error);
            let (kind, namespace) = (error.kind().as_str(), ctx.namespace_name());
            tracing::warn!(
                target: "cloakroom::request",
                kind,
                namespace,
                error = error.report(),
                "the details of an error cannot be decoded: passed them on as they are"
            );
            None
        })
    }

    async fn decode_status(
        &self,
        ctx: &Context,
        bytes: Bytes,
    ) -> Result<Option<ErrorDetails>, Error> {
        let Some(status) = Schema::temporal().message("google.rpc.Status") else {
            return Ok(None);
        };
        let ctx = ctx.clone().with_memory(self.adapter.pipeline().memory().admit().await);
        let decoded = self.decode_texts(&ctx, status, bytes, Reads::Everything).await?;
        if decoded.payloads == 0 {
            return Ok(None);
        }
        let is_hidden = View::new(status, &decoded.bytes).text("message") == Some(HIDDEN);
        let message = decoded.error_message.filter(|_| is_hidden);
        let (mut whole, mut kinds) = (decoded.bytes.to_vec(), kinds(status, &decoded.bytes));
        if let Some(message) = &message {
            // The last one counts to every parser. The head has the message once more.
            put_bytes(&mut whole, MESSAGE, message.as_bytes());
            put_bytes(&mut kinds, MESSAGE, HIDDEN.as_bytes());
        }
        Ok(Some(ErrorDetails { status: whole.into(), kinds: kinds.into(), message }))
    }
}

/// Returns a `google.rpc.Status` with nothing but the types of its details.
fn kinds(status: MessageType, bytes: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    for field in View::new(status, bytes).fields() {
        let any = Schema::temporal().message("google.protobuf.Any");
        match (field.number, field.content.zip(any)) {
            (DETAILS, Some((content, any))) => {
                let mut detail = Vec::new();
                let url = View::new(any, content).bytes("type_url").unwrap_or_default();
                put_bytes(&mut detail, 1, url);
                put_bytes(&mut kept, DETAILS, &detail);
            }
            (MESSAGE, _) => {}
            _ => kept.extend_from_slice(field.whole),
        }
    }
    kept
}
