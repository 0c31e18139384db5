//! A key set behind a URL: fetched when it is needed, kept when it cannot be fetched again.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwapOption;
use cloakroom_core::{Error, ErrorKind};
use metrics::{counter, gauge};
use reqwest::{Client, StatusCode, Url, redirect::Policy};
use tokio::time::Instant;

use super::key_set::KeySet;

/// Fetches of key sets, by result.
pub(super) const FETCHES: &str = "cloakroom_jwks_fetches_total";

/// When keys were last fetched.
pub(super) const LAST: &str = "cloakroom_jwks_last_success_timestamp_seconds";

/// How long one fetch may take.
const TIME: Duration = Duration::from_secs(10);

/// The most bytes of a set.
const SIZE: usize = 256 << 10;

/// How long after a fetch another one may be, whoever names keys that are not there; the time between
/// refreshes, if that is less.
const AGAIN: Duration = Duration::from_secs(30);

/// A key set behind a URL.
pub(super) struct Jwks {
    url: Url,
    refresh: Duration,
    client: Client,
    keys: ArcSwapOption<KeySet>,
    /// Held while keys are fetched: when that was last tried.
    tried: tokio::sync::Mutex<Option<Instant>>,
    fetched: Mutex<Option<Instant>>,
}

impl Jwks {
    /// Prepares to fetch from a URL.
    ///
    /// # Errors
    /// `Config` unless it is `https:`, or `http:` to a loopback address.
    pub(super) fn new(url: &str, refresh: Duration) -> Result<Self, Error> {
        let config = |text: &str| Error::new(ErrorKind::Config, format!("`{url}`: {text}"));
        let parsed = Url::parse(url).map_err(|_| config("not a URL"))?;
        let is_here = matches!(parsed.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        if parsed.scheme() != "https" && !(parsed.scheme() == "http" && is_here) {
            return Err(config("keys are fetched by https alone: whoever changes them is let in"));
        }
        let client = Client::builder()
            .redirect(Policy::none())
            .timeout(TIME)
            .no_proxy()
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|error| config("cannot be fetched").with_source(error))?;
        Ok(Self {
            url: parsed,
            refresh,
            client,
            keys: ArcSwapOption::empty(),
            tried: tokio::sync::Mutex::default(),
            fetched: Mutex::default(),
        })
    }

    /// Returns the last good keys. Those that are old are fetched again by the side.
    ///
    /// # Errors
    /// If there are none yet, and they cannot be fetched.
    pub(super) async fn keys(self: &Arc<Self>) -> Result<Arc<KeySet>, &'static str> {
        if let Some(keys) = self.keys.load_full() {
            if self.is_old() {
                let this = self.clone();
                tokio::spawn(async move { this.newer_than(None).await });
            }
            return Ok(keys);
        }
        self.newer_than(None).await;
        self.keys.load_full().ok_or("the keys of `codec_server.jwt` could not be fetched")
    }

    /// Returns other keys than these, if there are: they are fetched unless they just were.
    pub(super) async fn newer(&self, known: &Arc<KeySet>) -> Option<Arc<KeySet>> {
        self.newer_than(Some(known)).await;
        self.keys.load_full().filter(|keys| !Arc::ptr_eq(keys, known))
    }

    /// Returns whether both are fetched from one place.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.url == other.url && self.refresh == other.refresh
    }

    fn is_old(&self) -> bool {
        let fetched = *self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        fetched.is_none_or(|fetched| fetched.elapsed() >= self.refresh)
    }

    /// Fetches the keys, unless somebody else did while this waited, or they were tried just now.
    async fn newer_than(&self, known: Option<&Arc<KeySet>>) {
        let mut tried = self.tried.lock().await;
        let now = self.keys.load_full();
        let is_changed = match (known, &now) {
            (Some(known), Some(now)) => !Arc::ptr_eq(known, now),
            (None, Some(_)) => !self.is_old(),
            _ => false,
        };
        if is_changed || tried.is_some_and(|tried| tried.elapsed() < AGAIN.min(self.refresh)) {
            return;
        }
        *tried = Some(Instant::now());
        match self.fetch().await {
            Ok(keys) => self.keep(keys, now),
            Err(error) => {
                counter!(FETCHES, "result" => "failure").increment(1);
                let error = error.report();
                tracing::warn!(url = %self.url, error, "keys could not be fetched: the last ones stay");
            }
        }
    }

    fn keep(&self, keys: KeySet, before: Option<Arc<KeySet>>) {
        counter!(FETCHES, "result" => "success").increment(1);
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        gauge!(LAST).set(seconds.as_secs_f64());
        *self.fetched.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        if before.is_none_or(|before| !before.is_same(&keys)) {
            self.keys.store(Some(Arc::new(keys)));
        }
    }

    async fn fetch(&self) -> Result<KeySet, Error> {
        let failed = |text: &str| Error::new(ErrorKind::Unavailable, text.to_owned());
        // The client's error would name the URL, which is in the log already.
        let lost = |error: reqwest::Error| failed("no answer").with_source(error.without_url());
        let mut answer = self.client.get(self.url.clone()).send().await.map_err(lost)?;
        if answer.status() != StatusCode::OK {
            let status = answer.status().as_u16();
            return Err(failed(&format!("the answer is {status}, and redirects are not followed")));
        }
        let mut text = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(lost)? {
            if text.len() + part.len() > SIZE {
                return Err(failed("the answer has more than 256 KiB"));
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
    fn keys_are_fetched_by_https_or_from_this_machine() {
        let is_taken = |url| Jwks::new(url, TIME).is_ok();
        assert!(is_taken("https://issuer.example/jwks.json"));
        assert!(is_taken("http://127.0.0.1:1/jwks.json") && is_taken("http://localhost/jwks.json"));
        for url in ["http://issuer.example/", "file:///jwks.json", "jwks.json", "http://127.0.0.2/"]
        {
            assert!(!is_taken(url), "{url}");
        }
    }
}
