//! Tokens of a registry's realm.

use cloakroom_core::{Error, ErrorKind};
use reqwest::{Url, header::HeaderValue};
use serde::Deserialize;
use zeroize::{Zeroize as _, Zeroizing};

use super::{
    body,
    connection::{Connection, sensitive},
    failure::refused,
};

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

/// Asks a checked realm for a token of this scope, and returns the header with it.
///
/// # Errors
/// `Denied` if the realm refuses. `Corrupt` if its answer holds no token.
pub(super) async fn ask(
    connection: &Connection,
    mut realm: Url,
    service: Option<&str>,
    scope: &str,
) -> Result<HeaderValue, Error> {
    {
        let mut query = realm.query_pairs_mut();
        if let Some(service) = service {
            query.append_pair("service", service);
        }
        query.append_pair("scope", scope);
    }
    let response = connection.ask_realm(realm, connection.basic()).await?;
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
