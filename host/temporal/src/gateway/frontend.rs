//! Calls that the gateway makes itself, over the connection that serves the caller.

use bytes::Bytes;
use cloakroom_core::CallMemory;
use cloakroom_grpc::{Status, deadline::GRPC_TIMEOUT};
use cloakroom_wire::{Schema, View};
use http::HeaderMap;

use super::calls::Calls;
use crate::exchange::{Frontend, SERVICE};

impl Frontend for Calls<'_> {
    async fn ask(
        &self,
        method: &str,
        caller: &HeaderMap,
        message: Bytes,
        memory: &CallMemory,
    ) -> Result<Bytes, Status> {
        let mut headers = caller.clone();
        headers.remove(GRPC_TIMEOUT);
        let path = format!("{SERVICE}{method}");
        let known = Schema::temporal().method(&path);
        let namespace = known.as_ref().and_then(|known| {
            View::new(known.request, &message).text("namespace").filter(|name| !name.is_empty())
        });
        self.gateway.credentials.load().authorize(namespace, &mut headers);
        let max = self.gateway.exchange.max_message;
        self.connection.ask(&path, headers, message, max, memory).await
    }

    async fn stopping(&self) {
        self.connection.proxy.drained().await;
    }
}
