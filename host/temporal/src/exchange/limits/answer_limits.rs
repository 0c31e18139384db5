//! Largest answer that a client can receive, by its user agent.

use cloakroom_core::{ByteSize, Error, ErrorKind, Limit, Remedy, Thousands};
use http::{HeaderMap, header::USER_AGENT};

/// Largest answers by the start of the user agent. The first entry that matches decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AnswerLimits(pub(crate) Vec<(String, ByteSize)>);

/// The TypeScript client: it asks for 128 MiB by an option that its library does not know, and so has
/// the library's own limit. Its worker, and all other SDKs, receive 128 MiB.
impl Default for AnswerLimits {
    fn default() -> Self {
        Self(vec![("grpc-node-js".to_owned(), ByteSize::mib(4))])
    }
}

impl AnswerLimits {
    /// Returns the limits with these before the default ones.
    pub(crate) fn with(clients: &[(String, ByteSize)]) -> Self {
        let Self(others) = Self::default();
        Self(clients.iter().cloned().chain(others).collect())
    }

    /// Returns the largest answer of a client. `most` is that of clients that no entry matches.
    pub(crate) fn most(&self, headers: &HeaderMap, most: ByteSize) -> ByteSize {
        self.entry(headers).map_or(most, |(_, limit)| *limit)
    }

    /// Refuses an answer that is larger than its client can receive, which the client would answer by
    /// asking again for ever. `most` is the limit of clients that no entry matches.
    ///
    /// # Errors
    /// `LimitExceeded(Output)`.
    pub(crate) fn check(
        &self,
        headers: &HeaderMap,
        size: usize,
        most: ByteSize,
    ) -> Result<(), Error> {
        if size <= self.most(headers, most).as_usize() {
            return Ok(());
        }
        let text = format!("the decoded answer has {} bytes", Thousands(size as u64));
        Err(self.refuse(headers, most, &text, "ask for less at once, or raise"))
    }

    /// Returns the error for an event of a history that does not fit into an answer as its only one.
    /// `rest` are the bytes of the answer besides it.
    pub(crate) fn refuse_event(
        &self,
        headers: &HeaderMap,
        (event, size, rest): (u64, usize, usize),
        most: ByteSize,
    ) -> Error {
        let [size, rest] = [size, rest].map(|bytes| Thousands(bytes as u64));
        let text = format!("event {event} has {size} bytes decoded, beside {rest} in its answer");
        self.refuse(headers, most, &text, "raise")
    }

    fn refuse(&self, headers: &HeaderMap, most: ByteSize, what: &str, help: &str) -> Error {
        let whom = self.entry(headers).map_or("every client", |(start, _)| start);
        let limit = Thousands(self.most(headers, most).get());
        let text = format!(
            "{what}, and {whom} receives no more than {limit}: {help} the limits of the client and of \
             the gateway"
        );
        let error = Error::new(ErrorKind::LimitExceeded(Limit::Output), text);
        error.with_remedies(&[Remedy::ClientAnswer])
    }

    /// Returns the first entry that matches the user agent.
    fn entry(&self, headers: &HeaderMap) -> Option<&(String, ByteSize)> {
        let agent = headers.get(USER_AGENT)?.to_str().ok()?;
        self.0.iter().find(|(start, _)| agent.starts_with(start.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_client_gets_what_it_can_receive() {
        let limits = AnswerLimits::with(&[("grpc-node-js/2".to_owned(), ByteSize::mib(8))]);
        for (agent, most) in [
            (Some("grpc-node-js/1.14.7"), 4),
            (Some("grpc-node-js/2.0.0"), 8),
            (Some("grpc-go/1.83.2"), 128),
            (Some("tonic/0.14.6"), 128),
            (None, 128),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(agent) = agent {
                headers.insert(USER_AGENT, HeaderValue::from_static(agent));
            }
            let check = |size| limits.check(&headers, size, ByteSize::mib(128));
            assert!(check(most << 20).is_ok(), "{agent:?}");
            let error = check((most << 20) + 1).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Output), "{agent:?}");
        }
    }
}
