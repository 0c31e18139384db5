//! Results of queries inside of a completed workflow task. One that does not fit fails alone: the workflow
//! goes on, and only who asked gets the reason.

use bytes::Bytes;
use cloakroom_grpc::Status;
use cloakroom_wire::{Edit, MessageType, Scan, SpanId, apply};

use super::fields::Unfit;
use crate::exchange::{
    proto::{put_bytes, put_number},
    substitute::own_failure::QUERY_FAILED,
};

const RESULT: &str = "temporal.api.query.v1.WorkflowQueryResult";

/// Size of a result from which failing it makes room. A failed result has a text of its own.
const SMALL: usize = 4 << 10;

/// Returns a message with a failure in the place of the result that does not fit. Nothing if what does
/// not fit is no result.
pub(crate) fn fail_one(found: &Scan, unfit: &Unfit) -> Option<Bytes> {
    let result = find(found, unfit)?;
    let error = Status::from_error(&unfit.error).message;
    tracing::warn!(
        target: "cloakroom::request", error,
        "the result of a query does not fit: failed the query in its task"
    );
    let range = found.span(result)?.range();
    let mut failed = Vec::new();
    put_number(&mut failed, 1, QUERY_FAILED);
    put_bytes(&mut failed, 3, error.as_bytes());
    // Within a span of the scan, so there is no error.
    apply(found, vec![Edit { span: result, range, bytes: failed.into() }]).ok()
}

/// Returns the result of a query that does not fit. If the whole message does not, it is the largest.
fn find(found: &Scan, unfit: &Unfit) -> Option<SpanId> {
    let is_result = |(_, message): &(SpanId, MessageType)| message.name() == RESULT;
    let mut results = found.spans().filter(is_result).map(|(span, _)| span);
    match unfit.site {
        Some(site) => results.find(|result| found.around(site).any(|span| span == *result)),
        None => {
            let size = |span: &SpanId| found.span(*span).map_or(0, |span| span.range().len());
            results.max_by_key(size).filter(|span| size(span) > SMALL)
        }
    }
}

#[cfg(test)]
mod tests {
    use cloakroom_core::{Error, ErrorKind, Limit};
    use cloakroom_wire::{Schema, scan};

    use super::*;

    fn message(fields: &[(u32, &[u8])]) -> Vec<u8> {
        let mut message = Vec::new();
        fields.iter().for_each(|(number, value)| put_bytes(&mut message, *number, value));
        message
    }

    fn result(name: &[u8], size: usize) -> Vec<u8> {
        let payload = message(&[(2, &vec![7; size])]);
        let result = message(&[(2, &message(&[(1, &payload)]))]);
        message(&[(8, &message(&[(1, name), (2, &result)]))])
    }

    /// A command with a payload, and the results of two queries.
    fn completed() -> Scan {
        let request = "temporal.api.workflowservice.v1.RespondWorkflowTaskCompletedRequest";
        let ended = message(&[(1, &message(&[(1, &message(&[(2, b"data")]))]))]);
        let command = message(&[(2, &message(&[(4, &ended)]))]);
        let bytes = [command, result(b"one", 10_000), result(b"other", 20_000)].concat();
        scan(Schema::temporal().message(request).unwrap(), &bytes.into()).unwrap()
    }

    fn unfit(site: Option<usize>) -> Unfit {
        let error = Error::new(ErrorKind::LimitExceeded(Limit::Message), "too large");
        Unfit { error, site }
    }

    #[test]
    fn only_the_result_that_is_too_large_fails() {
        let found = completed();
        let sizes =
            |found: &Scan| found.sites().iter().map(|site| site.range().len()).collect::<Vec<_>>();
        assert_eq!(sizes(&found), [6, 10_003, 20_004]);
        assert!(fail_one(&found, &unfit(Some(0))).is_none(), "a command is no result");
        for (slot, left) in [(Some(1), [6, 20_004]), (Some(2), [6, 10_003]), (None, [6, 10_003])] {
            let failed = fail_one(&found, &unfit(slot)).unwrap();
            let failed = scan(found.root().message_type(), &failed).unwrap();
            assert_eq!(sizes(&failed), left, "{slot:?}");
            let texts = failed.spans().filter(|(_, message)| message.name() == RESULT);
            let texts = texts.map(|(id, _)| {
                let result = failed.view(id).unwrap();
                (result.number("result_type"), result.text("error_message").map(str::to_owned))
            });
            let expected = (Some(QUERY_FAILED), Some("too large".to_owned()));
            assert_eq!(texts.filter(|result| *result == expected).count(), 1, "{slot:?}");
        }
    }
}
