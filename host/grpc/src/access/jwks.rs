//! JSON Web Key Set behind a URL: fetched on demand, kept while it cannot be fetched again.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwapOption;
use cloakroom_core::{Error, ErrorKind};
use metrics::{counter, gauge};
use reqwest::{Client, StatusCode, Url, redirect::Policy};
use tokio::time::Instant;

use super::{
    key_set::KeySet,
    metric::{JWKS_FETCHES, JWKS_LAST_SUCCESS},
};

/// Time limit of one fetch.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// Largest key set in bytes.
const MAX_SIZE: usize = 256 << 10;

/// Least time between two fetches, or the refresh interval if that is shorter.
///
/// Anybody can send tokens that name unknown keys. Without a pause, each would cause a request to
/// the identity provider.
const MIN_INTERVAL: Duration = Duration::from_secs(30);

/// JSON Web Key Set behind a URL.
pub(super) struct Jwks {
    url: Url,
    refresh: Duration,
    client: Client,
    keys: ArcSwapOption<KeySet>,
    /// Time of the last attempt. Locked during a fetch, so that there is one at a time.
    attempted: tokio::sync::Mutex<Option<Instant>>,
    /// Time of the last successful fetch.
    fetched: Mutex<Option<Instant>>,
}

impl Jwks {
    /// Creates a key set that is fetched when it is first needed.
    ///
    /// # Errors
    /// `Config` unless it is `https:`, or `http:` to a loopback address.
    pub(super) fn new(url: &str, refresh: Duration) -> Result<Self, Error> {
        let config = |text: &str| Error::new(ErrorKind::Config, format!("`{url}`: {text}"));
        let parsed = Url::parse(url).map_err(|_| config("not a URL"))?;
        let is_loopback = matches!(parsed.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        if parsed.scheme() != "https" && !(parsed.scheme() == "http" && is_loopback) {
            return Err(config(
                "keys are fetched by https only, because whoever can change them is admitted: write https:",
            ));
        }
        let client = Client::builder()
            // A redirect could lead from https to a host that does not own the keys.
            .redirect(Policy::none())
            .timeout(FETCH_TIMEOUT)
            // An environment variable must not decide where keys come from.
            .no_proxy()
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|error| config("the HTTP client cannot be built").with_source(error))?;
        Ok(Self {
            url: parsed,
            refresh,
            client,
            keys: ArcSwapOption::empty(),
            attempted: tokio::sync::Mutex::default(),
            fetched: Mutex::default(),
        })
    }

    /// Returns the last good keys, and refreshes old ones in the background.
    ///
    /// # Errors
    /// The reason, if no fetch has succeeded yet.
    pub(super) async fn keys(self: &Arc<Self>) -> Result<Arc<KeySet>, &'static str> {
        if let Some(keys) = self.keys.load_full() {
            if self.is_stale() {
                let this = self.clone();
                // The request does not wait: the old keys are good enough for one more.
                tokio::spawn(async move { this.refresh(None).await });
            }
            return Ok(keys);
        }
        self.refresh(None).await;
        self.keys.load_full().ok_or("the key set that verifies tokens could not be fetched")
    }

    /// Returns newer keys than `known`, if there are any. Fetches them unless that happened just
    /// now.
    pub(super) async fn newer(&self, known: &Arc<KeySet>) -> Option<Arc<KeySet>> {
        self.refresh(Some(known)).await;
        self.keys.load_full().filter(|keys| !Arc::ptr_eq(keys, known))
    }

    /// Returns whether both fetch from the same URL in the same interval.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.url == other.url && self.refresh == other.refresh
    }

    fn is_stale(&self) -> bool {
        let fetched = *self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        fetched.is_none_or(|fetched| fetched.elapsed() >= self.refresh)
    }

    /// Fetches the keys, unless another task did so while this one waited for the lock, or the last
    /// attempt was just now.
    async fn refresh(&self, known: Option<&Arc<KeySet>>) {
        // Requests that arrive during a fetch wait for its result instead of starting their own.
        let mut attempted = self.attempted.lock().await;
        let current = self.keys.load_full();
        let is_done = match (known, &current) {
            (Some(known), Some(current)) => !Arc::ptr_eq(known, current),
            (None, Some(_)) => !self.is_stale(),
            _ => false,
        };
        if is_done
            || attempted
                .is_some_and(|attempted| attempted.elapsed() < MIN_INTERVAL.min(self.refresh))
        {
            return;
        }
        *attempted = Some(Instant::now());
        match self.fetch().await {
            Ok(keys) => self.store(keys, current),
            Err(error) => {
                counter!(JWKS_FETCHES, "result" => "failure").increment(1);
                let error = error.report();
                tracing::warn!(url = %self.url, error, "cannot fetch the key set: the last good keys stay");
            }
        }
    }

    fn store(&self, keys: KeySet, before: Option<Arc<KeySet>>) {
        counter!(JWKS_FETCHES, "result" => "success").increment(1);
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        gauge!(JWKS_LAST_SUCCESS).set(seconds.as_secs_f64());
        *self.fetched.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        // An equal set keeps its address. Otherwise `newer` would take it for a newer one, and
        // verify each bad token twice.
        if before.is_none_or(|before| !before.is_same(&keys)) {
            self.keys.store(Some(Arc::new(keys)));
        }
    }

    async fn fetch(&self) -> Result<KeySet, Error> {
        let failed = |text: &str| Error::new(ErrorKind::Unavailable, text.to_owned());
        // The log line has the URL already.
        let no_response =
            |error: reqwest::Error| failed("no response").with_source(error.without_url());
        let mut response = self.client.get(self.url.clone()).send().await.map_err(no_response)?;
        if response.status() != StatusCode::OK {
            let status = response.status().as_u16();
            return Err(failed(&format!(
                "the response is HTTP {status}, but 200 is needed; redirects are not followed"
            )));
        }
        let mut text = Vec::new();
        while let Some(part) = response.chunk().await.map_err(no_response)? {
            if text.len() + part.len() > MAX_SIZE {
                return Err(failed("the key set has more than 256 KiB"));
            }
            text.extend_from_slice(&part);
        }
        KeySet::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fetches_by_https_or_from_loopback() {
        let is_accepted = |url| Jwks::new(url, FETCH_TIMEOUT).is_ok();
        assert!(is_accepted("https://issuer.example/jwks.json"));
        assert!(
            is_accepted("http://127.0.0.1:1/jwks.json")
                && is_accepted("http://localhost/jwks.json")
        );
        for url in ["http://issuer.example/", "file:///jwks.json", "jwks.json", "http://127.0.0.2/"]
        {
            assert!(!is_accepted(url), "{url}");
        }
    }
}
