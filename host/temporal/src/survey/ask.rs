//! Calls of a survey, with patience for a server that is busy.

use std::time::Duration;

use bytes::Bytes;
use cloakroom_core::{CallMemory, Error, ErrorKind, clean};
use cloakroom_grpc::{Code, Status};
use cloakroom_wire::{Scan, ScanLimits, Schema, View, scan_within};
use http::{HeaderMap, HeaderValue};
use tokio::time::{sleep, timeout};

use super::{ANSWER, PATIENCE, Survey};
use crate::exchange::{DECODED, NAMESPACE, SERVICE};

/// Pauses before a call is made again.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(8),
    Duration::from_secs(20),
];

/// Characters of a text of the server.
const TEXT: usize = 300;

/// Makes calls for one namespace.
pub(super) struct Asker<'a> {
    survey: &'a Survey,
    pub(super) namespace: &'a str,
}

/// An answer, scanned for payloads, and counted for as long as it lives.
pub(super) struct Answer {
    scan: Scan,
    _memory: CallMemory,
}

impl<'a> Asker<'a> {
    pub(super) fn new(survey: &'a Survey, namespace: &'a str) -> Self {
        Self { survey, namespace }
    }

    /// Returns whether the caller leaves a part out.
    pub(super) fn leaves_out(&self, part: super::Part) -> bool {
        self.survey.without.contains(&part)
    }

    /// Makes a call, and makes it again while the server is busy or away.
    ///
    /// # Errors
    /// The last status. `FailedPrecondition` if the answer was decoded by a gateway, or holds something that
    /// this version does not know.
    pub(super) async fn ask(&self, method: &str, request: Vec<u8>) -> Result<Answer, Status> {
        let request = Bytes::from(request);
        let mut pauses = PAUSES.into_iter();
        loop {
            let status = match self.ask_once(method, request.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(status) => status,
            };
            match pauses.next() {
                Some(pause) if is_transient(&status) => sleep(pause).await,
                _ => return Err(status),
            }
        }
    }

    async fn ask_once(&self, method: &str, request: Bytes) -> Result<Answer, Status> {
        let path = format!("{SERVICE}{method}");
        let known = Schema::temporal().method(&path);
        let known = known.ok_or_else(|| internal(format!("the schema lacks {method}")))?;
        let mut headers = HeaderMap::new();
        // Temporal Cloud finds the server of a namespace by this header.
        if let Ok(namespace) = HeaderValue::try_from(self.namespace) {
            headers.insert(NAMESPACE, namespace);
        }
        self.survey.credentials.authorize(Some(self.namespace), &mut headers);
        let memory = self.survey.memory.call();
        let asking = self.survey.client.ask(&path, headers, request, ANSWER, &memory);
        let asked = timeout(PATIENCE, asking).await;
        let (headers, message) = asked.unwrap_or_else(|_| {
            Err(Status::new(Code::DeadlineExceeded, format!("no answer within {PATIENCE:?}")))
        })?;
        // A gateway also marks answers that it changes without decoding anything.
        if headers.contains_key(DECODED) && known.response.holds_payloads() {
            return Err(Status::new(Code::FailedPrecondition, GATEWAY));
        }
        let scan = scan_within(&ScanLimits::default(), known.response, &message);
        let scan = scan.map_err(|error| internal(format!("the answer cannot be read: {error}")))?;
        Ok(Answer { scan, _memory: memory })
    }
}

/// Text about an address that no survey can use.
const GATEWAY: &str = "the address is that of Cloakroom's gateway, which decodes payloads, so that no key \
                       is seen behind it: give the address of the frontend itself";

impl Answer {
    /// Returns the payloads of the answer, and their places.
    pub(super) fn scan(&self) -> &Scan {
        &self.scan
    }

    /// Returns a view of the answer.
    pub(super) fn root(&self) -> View<'_> {
        self.scan.root()
    }

    /// Returns what is in the answer and not in the schema, if there is anything.
    pub(super) fn unknown(&self) -> Option<String> {
        let field = self.scan.unknown().first()?;
        Some(format!(
            "the server sent field {} of {}, which this version does not know and which may hold \
             payloads: update Cloakroom",
            field.number,
            field.message.name()
        ))
    }
}

fn internal(text: String) -> Status {
    Status::new(Code::Internal, text)
}

/// Returns whether the same call may succeed later. A message that is too large stays so.
fn is_transient(status: &Status) -> bool {
    match status.code {
        Code::Aborted | Code::DeadlineExceeded | Code::Unavailable => true,
        Code::ResourceExhausted => !status.message.contains("larger than max"),
        _ => false,
    }
}

/// Returns the code and the text of a status, on one bounded line.
pub(super) fn reason(status: &Status) -> String {
    format!("{}: {}", status.code.as_str(), clean(&status.message, TEXT))
}

/// Returns whether a namespace is there, although a call for it failed.
///
/// # Errors
/// `Unavailable` if there is no server, and `Config` if it is a gateway.
pub(super) fn is_known(status: &Status) -> Result<bool, Error> {
    match status.code {
        Code::Unavailable => Err(Error::new(ErrorKind::Unavailable, reason(status))),
        Code::FailedPrecondition if status.message == GATEWAY => {
            Err(Error::new(ErrorKind::Config, GATEWAY))
        }
        code => Ok(code != Code::NotFound),
    }
}
