//! Requests for pages of a history.

use bytes::Bytes;
use cloakroom_core::Context;
use cloakroom_wire::{Method, View};

use super::{page_token::PageToken, proto::put_bytes};

const FORWARD: &str = "GetWorkflowExecutionHistory";
const REVERSE: &str = "GetWorkflowExecutionHistoryReverse";

/// Numbers in both requests.
const EXECUTION: u32 = 2;
const TOKEN: u32 = 4;

/// A request for a page of a history.
pub(crate) struct HistoryRequest {
    /// The request of the caller.
    message: Bytes,
    /// Place at which the page begins.
    pub(super) from: PageToken,
}

impl HistoryRequest {
    /// Reads a request of this method. Returns nothing if it is none for a history. A token in it is
    /// taken for one of the server.
    pub(crate) fn read(
        method: &Method,
        name: &str,
        ctx: &Context,
        message: &Bytes,
    ) -> Option<Self> {
        if ![FORWARD, REVERSE].contains(&name) {
            return None;
        }
        let view = View::new(method.request, message);
        let execution = view.message("execution");
        let text = |name| execution.and_then(|one| one.text(name)).unwrap_or_default().to_owned();
        let from = PageToken {
            namespace: ctx.namespace_name().unwrap_or_default().to_owned(),
            workflow_id: text("workflow_id"),
            run_id: text("run_id"),
            page: view.bytes("next_page_token").unwrap_or_default().to_vec(),
            is_reverse: name == REVERSE,
            ..PageToken::default()
        };
        Some(Self { message: message.clone(), from })
    }

    /// Returns the same request for a page that begins elsewhere.
    pub(super) fn beginning_at(&self, from: PageToken) -> Self {
        Self { message: self.message.clone(), from }
    }

    /// Returns the request for the server's page that this one begins in. All else is as the caller
    /// wants it: the largest page, and whether the call waits for events.
    pub(super) fn write(&self, method: &Method) -> Bytes {
        let from = &self.from;
        let mut request = Vec::with_capacity(self.message.len() + from.page.len());
        for field in View::new(method.request, &self.message).fields() {
            if ![EXECUTION, TOKEN].contains(&field.number) {
                request.extend_from_slice(field.whole);
            }
        }
        put_bytes(&mut request, EXECUTION, &from.execution());
        if !from.page.is_empty() {
            put_bytes(&mut request, TOKEN, &from.page);
        }
        request.into()
    }
}
