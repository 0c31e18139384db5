//! HTTP client of one key service: bounded in time and bytes, follows no redirect, prints no secret.

use std::{error::Error as StdError, time::Duration};

use bytes::Bytes;
use cloakroom_core::{Error, ErrorKind, KeyFailure, KeyServiceError, clean};
use reqwest::{
    Client, Method, Response, Url,
    header::{HeaderMap, HeaderValue, RETRY_AFTER},
    redirect::Policy,
    retry,
    tls::Certificate,
};
use zeroize::Zeroizing;

/// Time until a connection stands.
const CONNECT: Duration = Duration::from_secs(5);

/// Most bytes of an answer. A wrapped key has a few hundred.
const ANSWER: usize = 32 << 10;

/// Longest pause that a service may ask for. A longer one is cut.
const PAUSE: u64 = 300;

/// HTTP client of one service.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: Client,
    time: Duration,
}

/// Request to a service. Its body may hold a data key.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// Answer of a service. Its body may hold a data key.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) pause: Option<Duration>,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Http {
    /// Returns a client that trusts the machine's authorities, or these alone, in PEM.
    ///
    /// # Errors
    /// `Config` if they are no certificates.
    pub(crate) fn new(authorities: Option<&[u8]>, time: Duration) -> Result<Self, Error> {
        let mut builder = Client::builder()
            // A redirect would carry a data key, or a token, to another host.
            .redirect(Policy::none())
            // The ring above repeats: it knows what waits for the key.
            .retry(retry::never())
            // The environment must not decide where keys pass through.
            .no_proxy()
            .referer(false)
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .http1_only()
            .user_agent(concat!("cloakroom/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT.min(time))
            .timeout(time);
        if let Some(pem) = authorities {
            let read = Certificate::from_pem_bundle(pem).ok().filter(|all| !all.is_empty());
            let text = "the authorities of the key service are not certificates in PEM";
            builder =
                builder.tls_certs_only(read.ok_or_else(|| Error::new(ErrorKind::Config, text))?);
        }
        let client = builder.build().map_err(|_| {
            Error::new(ErrorKind::Config, "the TLS client for the key service cannot be set up")
        })?;
        Ok(Self { client, time })
    }

    /// Sends a request once, and reads the whole answer.
    ///
    /// # Errors
    /// `Unavailable` if there is no whole answer within the time, or it is too large or a redirect.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, KeyServiceError> {
        // The buffer is wiped when the last part of the client lets go of it.
        let body = Bytes::from_owner(request.body);
        let sent = self.client.request(request.method, request.url).headers(request.headers);
        let response =
            sent.body(body).send().await.map_err(|error| self.unanswered(&error.without_url()))?;
        let status = response.status().as_u16();
        if response.status().is_redirection() {
            let text = format!("it answers with a redirect (HTTP {status}), and none is followed");
            return Err(unavailable(text));
        }
        let pause = pause(response.headers());
        Ok(Answer { status, pause, body: self.read(response).await? })
    }

    async fn read(&self, mut response: Response) -> Result<Zeroizing<Vec<u8>>, KeyServiceError> {
        // Of its full size from the start: a buffer that grows leaves a copy of the key behind.
        let mut body = Zeroizing::new(Vec::with_capacity(ANSWER));
        let chunk = |error: reqwest::Error| self.unanswered(&error.without_url());
        while let Some(piece) = response.chunk().await.map_err(chunk)? {
            if body.len() + piece.len() > ANSWER {
                return Err(unavailable(format!("its answer has more than {ANSWER} bytes")));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    /// Returns the error of a request without an answer: the last cause alone, since the others name the
    /// URL.
    fn unanswered(&self, error: &reqwest::Error) -> KeyServiceError {
        if error.is_timeout() {
            return unavailable(format!("no answer within {:?}", self.time));
        }
        let mut last: &dyn StdError = error;
        while let Some(cause) = last.source() {
            last = cause;
        }
        let what = if error.is_connect() { "cannot be reached" } else { "the answer ended early" };
        unavailable(format!("{what}: {}", clean(&last.to_string(), 200)))
    }
}

impl Answer {
    /// Returns whether the service did what it was asked for.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Returns a header that `Debug` does not print.
///
/// # Errors
/// `Denied` if the text cannot be a header.
pub(crate) fn secret_header(text: &str) -> Result<HeaderValue, KeyServiceError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        KeyServiceError::new(
            KeyFailure::Denied,
            "the credentials are not printable ASCII on one line",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Returns the error of a service that does not answer as it should.
pub(crate) fn unavailable(text: impl AsRef<str>) -> KeyServiceError {
    KeyServiceError::new(KeyFailure::Unavailable, text)
}

/// Returns the pause that an answer asks for, in whole seconds. The form with a date is not read: the
/// clocks may differ.
fn pause(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(PAUSE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_bounded_and_in_seconds() {
        let of = |text: &str| {
            let value = HeaderValue::from_str(text).unwrap();
            pause(&HeaderMap::from_iter([(RETRY_AFTER, value)])).map(|pause| pause.as_secs())
        };
        assert_eq!(of("7"), Some(7));
        assert_eq!(of("99999999"), Some(PAUSE));
        assert_eq!(of("Fri, 27 Nov 2026 23:00:00 GMT"), None);
        assert_eq!(of("-1"), None);
        assert_eq!(pause(&HeaderMap::new()), None);
    }

    #[test]
    fn a_credential_does_not_print() {
        assert!(!format!("{:?}", secret_header("Bearer s3cret").unwrap()).contains("s3cret"));
        assert!(!secret_header("s3cret\n").unwrap_err().to_string().contains("s3cret"));
    }
}
