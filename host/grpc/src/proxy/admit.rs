//! Finds out who makes a call, and addresses the call to the server.

use std::sync::Arc;

use http::{Request, Uri, Version, uri::PathAndQuery};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::{connection::Connection, headers, restrict::authenticate};
use crate::{
    access::AuthError,
    caller::Caller,
    request_log::RequestLog,
    status::{Code, Status},
};

impl<P> Connection<P> {
    /// Returns who makes a call, and the call as the server gets it.
    ///
    /// # Errors
    /// `Unauthenticated` for strangers, `Unavailable` if tokens cannot be checked now.
    pub(super) async fn admit(
        &self,
        request: Request<Incoming>,
        log: &mut RequestLog,
    ) -> Result<(Request<Incoming>, Arc<Caller>), Status> {
        let (mut head, body) = request.into_parts();
        // Looked up for each call, so that an identity that a reload removes is refused at once.
        // The restriction first: a swap replaces the callers before it lifts the restriction.
        let restriction = self.proxy.restriction.load_full();
        let callers = self.proxy.callers.load_full();
        let (names, headers) = (self.names.as_ref(), &mut head.headers);
        let caller = authenticate(&callers, restriction.as_deref(), names, headers).await;
        let caller = caller.map_err(|error| self.refuse_stranger(error, log))?;
        self.newcomer.admit();
        log.caller = (!callers.is_open()).then(|| caller.clone());
        let upstream = &self.proxy.settings.upstream;
        let path = head.uri.path_and_query().cloned();
        let uri = Uri::builder()
            .scheme(upstream.scheme())
            .authority(upstream.authority().clone())
            .path_and_query(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
            .build();
        head.uri = uri.map_err(|_| Status::new(Code::InvalidArgument, "the path is not valid"))?;
        head.version = Version::HTTP_2;
        headers::remove_of_connection(&mut head.headers);
        Ok((Request::from_parts(head, body), caller))
    }

    /// Returns the status for a stranger, who is not told which check failed. Only the log is.
    fn refuse_stranger(&self, error: AuthError, log: &mut RequestLog) -> Status {
        let (code, text, why) = match error {
            AuthError::InvalidToken(why) => {
                let text = "present a certificate or a token that is valid here";
                (Code::Unauthenticated, text, why)
            }
            AuthError::KeysUnavailable(why) => {
                (Code::Unavailable, "tokens cannot be checked now: retry", why)
            }
        };
        let subject = self.peer.ip().to_string();
        log.is_quiet = self.proxy.strangers.note(&subject, Instant::now()).is_none();
        log.refusal = Some(why);
        Status::new(code, text)
    }
}
