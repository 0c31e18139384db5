//! The run of a history that was asked for without one.

use bytes::Bytes;
use cloakroom_grpc::{Code, RequestLog, Status};
use cloakroom_wire::{Schema, View};

use crate::exchange::{
    Exchange, SERVICE, call::Call, frontend::Frontend, history_request::HistoryRequest,
    page_token::PageToken, proto::put_bytes, substitute::undecodable::Answer,
};

/// Method that is asked for the newest run of a workflow.
const METHOD: &str = "DescribeWorkflowExecution";

impl Exchange {
    /// Returns a decoded page as it is, unless it was cut and nobody said which run it is of: then the
    /// newest run is looked up, and its first page returned.
    ///
    /// The page is read again because a newer run may have begun in between. Two runs must not be
    /// mixed in one history.
    ///
    /// # Errors
    /// The status for the caller.
    pub(in super::super) async fn of_one_run<F: Frontend>(
        &self,
        answer: &Answer<'_, F>,
        decoded: Bytes,
        log: &mut RequestLog,
    ) -> Result<Bytes, Status> {
        let Answer { frontend, call, ctx, .. } = *answer;
        let token = View::new(call.method.response, &decoded).bytes("next_page_token");
        let is_cut = token.is_some_and(|token| self.open_page(token).is_some());
        let Some(asked) = call.history.filter(|asked| is_cut && is_of_any_run(asked)) else {
            return Ok(decoded);
        };
        drop(decoded);
        let memory = ctx.memory().cloned();
        let memory = memory.unwrap_or_else(|| self.adapter.pipeline().memory().call());
        let mut request = Vec::new();
        put_bytes(&mut request, 1, asked.from.namespace.as_bytes());
        put_bytes(&mut request, 2, &asked.from.execution());
        let described = frontend.ask(METHOD, call.headers, request.into(), &memory).await?;
        let run_id = newest_run(&described).ok_or_else(|| {
            Status::new(Code::Internal, "the frontend does not name the run of the workflow")
        })?;
        let asked = asked.beginning_at(PageToken { run_id, ..asked.from.clone() });
        let request = asked.write(call.method);
        let message = frontend.ask(call.name, call.headers, request, &memory).await?;
        let call = &Call { history: Some(&asked), ..*call };
        Box::pin(self.decode_patiently(&Answer { call, ..*answer }, message, log)).await
    }
}

/// Returns whether the server chooses the run, as for the first page without a run.
fn is_of_any_run(asked: &HistoryRequest) -> bool {
    asked.from.run_id.is_empty() && asked.from.page.is_empty()
}

fn newest_run(described: &[u8]) -> Option<String> {
    let method = Schema::temporal().method(&format!("{SERVICE}{METHOD}"))?;
    let info = View::new(method.response, described).message("workflow_execution_info")?;
    info.message("execution")?.text("run_id").map(str::to_owned)
}
