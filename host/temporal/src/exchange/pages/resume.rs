//! Answers a request whose token is a gateway's: the rest of a page that was cut, or the page behind it.

use bytes::Bytes;
use cloakroom_core::{CallMemory, Context};
use cloakroom_grpc::{Code, RequestLog, Status};
use tokio::time::Instant;

use super::events::Page;
use crate::{
    exchange::{
        Exchange, call::Call, frontend::Frontend, history_request::HistoryRequest,
        page_token::PageToken, substitute::undecodable::Answer,
    },
    namespaces::Mode,
};

impl Exchange {
    /// Answers a request for a page of a history whose token a gateway sealed. Returns nothing for any
    /// other request.
    ///
    /// # Errors
    /// The status for the caller.
    pub(in super::super) async fn resume(
        &self,
        frontend: &impl Frontend,
        call: &Call<'_>,
        ctx: &Context,
        named: &HistoryRequest,
        memory: &CallMemory,
        log: &mut RequestLog,
    ) -> Result<Option<Bytes>, Status> {
        let Some(from) = self.open_page(&named.from.page) else { return Ok(None) };
        check(&from, &named.from)?;
        let mut asked = named.beginning_at(from);
        let began = Instant::now();
        let page = self.read(frontend, call, &mut asked, memory).await?;
        log.upstream = began.elapsed();
        let charged = memory.charge(page.size(&page.events, true) + page.token.len());
        charged.map_err(|error| Status::from_error(&error))?.keep();
        let message = page.join(&page.events, &page.token, true);
        let PageToken { namespace, run_id, workflow_type, is_task, .. } = &asked.from;
        // The tasks in pages before the last one tell older sizes.
        if let Some(size) = page.history_size().filter(|_| *is_task && page.token.is_empty()) {
            self.histories.note_run(namespace, workflow_type, run_id, size);
        }
        let mode = self.namespaces().mode(&asked.from.namespace);
        if mode == Mode::Off || !call.decodes {
            return Ok(Some(message));
        }
        let ctx = &ctx.clone().with_memory(memory.clone());
        let call = &Call { history: Some(&asked), ..*call };
        let answer = Answer { frontend, call, ctx, began: Instant::now() };
        Box::pin(self.decode_patiently(&answer, message, log)).await.map(Some)
    }

    /// Reads the page that a token names, without what was delivered and what is beyond its end. Pages
    /// with nothing else are skipped. The token then names the page that was read.
    async fn read(
        &self,
        frontend: &impl Frontend,
        call: &Call<'_>,
        asked: &mut HistoryRequest,
        memory: &CallMemory,
    ) -> Result<Page, Status> {
        loop {
            let mut page = Page::empty(call.method.response).ok_or_else(changed)?;
            let (mut is_last, mut size) = (true, 0);
            // The end of a task travels in its token, and may be all that is left.
            if !asked.from.is_at_tail() {
                let request = asked.write(call.method);
                let answer = frontend.ask(call.name, call.headers, request, memory).await?;
                size = answer.len();
                page = Page::split(call.method.response, &answer).ok_or_else(changed)?;
                is_last = page.trim(&asked.from);
            }
            let first = page.events.first().map(|event| event.id);
            if first.is_none() && !is_last && !page.token.is_empty() {
                // Nothing of it is held any more.
                asked.from.page = page.token;
                memory.release_kept(size);
                continue;
            }
            let is_gone = !is_last && page.token.is_empty();
            let is_next = match first {
                Some(first) => [0, first].contains(&asked.from.next),
                None => asked.from.next == 0 || asked.from.is_at_tail(),
            };
            if is_gone || !is_next {
                return Err(changed());
            }
            self.end(&mut page, &mut asked.from, is_last)?;
            return Ok(page);
        }
    }

    /// Appends the end of a task if it is due, and sets the token that follows.
    fn end(&self, page: &mut Page, from: &mut PageToken, is_last: bool) -> Result<(), Status> {
        let last = page.events.last().map(|event| event.id).unwrap_or_default();
        if from.last == 0 {
            // A whole page of the server: its end is the end.
            (from.last, from.follow) = (last, page.token.clone());
        }
        page.token = if !is_last {
            let (next, server) = (from.after(last), page.token.clone());
            self.seal_page(&PageToken { page: server, next, ..from.clone() })
        } else if from.is_task && !from.follow.is_empty() {
            self.seal_page(&from.following(from.follow.clone()))
        } else {
            from.follow.clone()
        };
        if is_last {
            let tail = page.append(&from.tail, |event| !from.is_delivered(event));
            tail.ok_or_else(changed)?;
        }
        Ok(())
    }
}

/// Refuses the token of another history. The server would say that the run differs.
fn check(token: &PageToken, named: &PageToken) -> Result<(), Status> {
    let is_same = token.namespace == named.namespace
        && token.workflow_id == named.workflow_id
        && token.is_reverse == named.is_reverse
        && (named.run_id.is_empty() || token.run_id.is_empty() || named.run_id == token.run_id);
    if !is_same {
        let text = "the page token belongs to another namespace, workflow, run or method: read the \
                    history from its start";
        return Err(Status::new(Code::InvalidArgument, text));
    }
    Ok(())
}

fn changed() -> Status {
    let text = "the history is not as it was when its page was cut: read it again from its start";
    Status::new(Code::InvalidArgument, text)
}
