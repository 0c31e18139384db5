//! Access tokens of Azure: of an application, a federated identity, or the machine.

mod source;

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use cloakroom_core::{Error, KeyFailure, KeyServiceError};
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use self::source::Source;
use crate::{
    access::KeyAccess,
    http::{Answer, Http, secret_header, unavailable},
    json,
};

/// Time before its end at which a token is no longer used.
const MARGIN: Duration = Duration::from_secs(300);

/// Longest time for which a token is used, whatever its answer says.
const LONGEST: u64 = 24 * 3600;

/// Access tokens for one resource. One is kept until shortly before its end.
pub(super) struct Tokens {
    source: Source,
    resource: String,
    http: Http,
    /// Header with the token, which does not print, and the time until which it is used.
    kept: Mutex<Option<(HeaderValue, Instant)>>,
}

impl Tokens {
    /// Finds where tokens come from, as Azure's own tools do. Nothing is sent.
    ///
    /// # Errors
    /// `Config` if only a part of the credentials is set.
    pub(super) fn find(access: &KeyAccess, resource: String, http: Http) -> Result<Self, Error> {
        Ok(Self { source: Source::find(access)?, resource, http, kept: Mutex::default() })
    }

    /// Returns the header with a token. Two callers at once may fetch two.
    ///
    /// # Errors
    /// `Denied` if the credentials are refused, `Unavailable` if who issues tokens does not answer.
    pub(super) async fn header(&self) -> Result<HeaderValue, KeyServiceError> {
        let now = Instant::now();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((header, until)) = kept
            && now < until
        {
            return Ok(header);
        }
        let answer = self.http.send(self.source.request(&self.resource)?).await?;
        let (header, lifetime) = read(&answer)?;
        // Of a token that ends sooner than the margin, half of its time.
        let used = lifetime.checked_sub(MARGIN).unwrap_or(lifetime / 2);
        let kept = Some((header.clone(), now + used));
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        Ok(header)
    }

    /// Forgets the token, so that the next request fetches another.
    pub(super) fn forget(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn read(answer: &Answer) -> Result<(HeaderValue, Duration), KeyServiceError> {
    if !answer.is_success() {
        return Err(refused(answer));
    }
    let token = Zeroizing::new(json::text_at(&answer.body, "/access_token")?);
    let header = secret_header(&Zeroizing::new(format!("Bearer {}", token.as_str())))?;
    // Entra sends a number, and a machine's service a text.
    let seconds = json::number_at(&answer.body, "/expires_in");
    let seconds =
        seconds.ok_or_else(|| unavailable("the token it was sent for names no lifetime"))?;
    Ok((header, Duration::from_secs(seconds.min(LONGEST))))
}

/// Returns the error of credentials that were refused. The description is not shown: it may hold names of
/// people.
fn refused(answer: &Answer) -> KeyServiceError {
    let code = json::text_at(&answer.body, "/error").unwrap_or_default();
    let kind = match answer.status {
        400..=403 => KeyFailure::Denied,
        429 => KeyFailure::Throttled { pause: answer.pause },
        _ => KeyFailure::Unavailable,
    };
    KeyServiceError::new(kind, format!("no access token: {code} (HTTP {})", answer.status))
}
