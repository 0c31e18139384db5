//! Headers that tell a registry who we are: user and password, or a token of its realm.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom_core::{Error, ErrorKind};
use reqwest::{Response, Url, header::HeaderValue};
use serde::Deserialize;
use zeroize::{Zeroize as _, Zeroizing};

use super::{access::Access, body, failure::refused};

/// Most bytes of a realm's answer.
const ANSWER: u64 = 64 << 10;

/// Answer of a realm. Some call the token one way, some the other.
#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.token.zeroize();
        self.access_token.zeroize();
    }
}

/// Returns the header with user and password, if there are any.
pub(super) fn basic(access: &Access) -> Option<HeaderValue> {
    let known = access.credentials.as_ref()?;
    let pair = Zeroizing::new(format!("{}:{}", known.username, known.password.as_str()));
    sensitive(&Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes()))))
}

/// Returns the URL that asks a realm for a token of this scope.
pub(super) fn token_url(mut realm: Url, service: Option<&str>, scope: &str) -> Url {
    if let Some(service) = service {
        realm.query_pairs_mut().append_pair("service", service);
    }
    realm.query_pairs_mut().append_pair("scope", scope);
    realm
}

/// Returns the header with the token in a realm's answer.
///
/// # Errors
/// `Denied` if the realm refuses. `Corrupt` if its answer holds no token.
pub(super) async fn bearer(response: Response) -> Result<HeaderValue, Error> {
    if !response.status().is_success() {
        return Err(refused(response, "a token").await);
    }
    let body = body::read(response, ANSWER, "a token").await?;
    let answer: Option<Answer> = serde_json::from_slice(&body).ok();
    let token = answer.as_ref().and_then(|a| a.token.as_deref().or(a.access_token.as_deref()));
    let header = token.map(|token| Zeroizing::new(format!("Bearer {token}")));
    header.and_then(|header| sensitive(&header)).ok_or_else(|| {
        Error::new(ErrorKind::Corrupt, "the realm of the registry answered without a token")
    })
}

/// Returns a header that does not print.
fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}
