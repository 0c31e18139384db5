//! Payloads in the details of an error: a failed query, or an operation of several.

use bytes::Bytes;
use cloakroom_core::{Context, Error};
use cloakroom_wire::{Schema, View};

use super::{Exchange, failures::HIDDEN, proto::put_bytes};

/// Number of the message in a `google.rpc.Status`.
const MESSAGE: u32 = 2;

/// Details of an error whose payloads are decoded.
pub(crate) struct ErrorDetails {
    /// The `google.rpc.Status`.
    pub(crate) status: Bytes,
    /// Text of a failed query that was encoded. The frontend repeats it as the error's message.
    pub(crate) message: Option<String>,
}

impl Exchange {
    /// Decodes a `google.rpc.Status`. Returns nothing if it holds no payload, or if one cannot be
    /// decoded, which is logged: the code of the error counts for more.
    pub(crate) async fn decode_error(&self, ctx: &Context, status: Bytes) -> Option<ErrorDetails> {
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
        let decoded = self.decode_texts(&ctx, status, bytes).await?;
        if decoded.payloads == 0 {
            return Ok(None);
        }
        let is_hidden = View::new(status, &decoded.bytes).text("message") == Some(HIDDEN);
        let Some(message) = decoded.error_message.filter(|_| is_hidden) else {
            return Ok(Some(ErrorDetails { status: decoded.bytes, message: None }));
        };
        let mut bytes = decoded.bytes.to_vec();
        // The last one counts to every parser.
        put_bytes(&mut bytes, MESSAGE, message.as_bytes());
        Ok(Some(ErrorDetails { status: bytes.into(), message: Some(message) }))
    }
}
